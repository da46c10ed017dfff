//! The two ends of a bus between processes.

use std::time::{Duration, Instant};

use dokploy_core::bus::{EventBus, Signal};
use dokploy_core::id::{ApplicationId, ProjectId};
use futures::StreamExt;

/// Waits until one end hears the other, and nothing of that is under way any more.
pub(crate) async fn hears(listener: &dyn EventBus, speaker: &dyn EventBus) {
    let mut signals = listener.subscribe();
    let start = Instant::now();
    loop {
        assert!(start.elapsed() < Duration::from_secs(20), "never heard");
        let call = Signal::Application {
            application: ApplicationId::new(),
            project: ProjectId::new(),
        };
        speaker.publish(&call).await.unwrap();
        let answer = async { while signals.next().await.unwrap() != call {} };
        if tokio::time::timeout(Duration::from_millis(200), answer)
            .await
            .is_ok()
        {
            return;
        }
    }
}

/// Measures how long signals take from one end to the other, and fails when that is more than it may be.
pub(crate) async fn measure(near: &dyn EventBus, far: &dyn EventBus, median_max: Duration) {
    let mut signals = far.subscribe();
    let mut times = Vec::new();
    for _ in 0..100 {
        let start = Instant::now();
        near.publish(&Signal::Queued).await.unwrap();
        signals.next().await.unwrap();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let median = times[50];
    assert!(median < median_max, "{median:?}");
}
