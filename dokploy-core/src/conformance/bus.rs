//! What every [`EventBus`] has to do, one case for each sentence of its contract.
//!
//! A case gets two ends of a bus that nobody else uses: those of two processes, or twice the same where the bus is one
//! of a single process. [`bus_conformance!`](crate::bus_conformance) makes a test of each.
#![expect(clippy::unwrap_used, reason = "a case fails by panicking")]
#![expect(missing_docs, reason = "the names of the cases are sentences")]

use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;

use crate::bus::{EventBus, Signal};
use crate::id::{ApplicationId, DeploymentId, ProjectId, UserId};

/// Makes a test of each case of the conformance suite of buses.
///
/// The argument is an async function that takes a case, `impl AsyncFnOnce(&dyn EventBus, &dyn EventBus)`, and runs it
/// with two ends of one bus that are connected.
#[macro_export]
macro_rules! bus_conformance {
    ($run:path) => {
        $crate::bus_conformance!(@tests $run, [
            every_listener_gets_each_signal_once,
            signals_of_one_publisher_keep_their_order,
            what_was_published_before_is_not_delivered,
            every_kind_of_signal_arrives_as_it_was,
            a_listener_that_does_not_read_holds_nobody_up,
            a_listener_that_goes_away_disturbs_nobody,
        ]);
    };
    (@tests $run:path, [$($case:ident),+ $(,)?]) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $run(async |near: &dyn $crate::bus::EventBus, far: &dyn $crate::bus::EventBus| {
                    $crate::conformance::bus::$case(near, far).await;
                })
                .await;
            }
        )+
    };
}

/// How long a signal may be under way.
const PATIENCE: Duration = Duration::from_secs(10);

fn numbered(seq: u64) -> Signal {
    Signal::Deployment {
        deployment: DeploymentId::new(),
        application: ApplicationId::new(),
        project: ProjectId::new(),
        seq,
    }
}

async fn next(listener: &mut BoxStream<'static, Signal>) -> Signal {
    tokio::time::timeout(PATIENCE, listener.next())
        .await
        .expect("the signal did not arrive")
        .expect("the bus has ended")
}

pub async fn every_listener_gets_each_signal_once(near: &dyn EventBus, far: &dyn EventBus) {
    let mut listeners = [near, near, far, far].map(EventBus::subscribe);
    let (first, second) = (numbered(1), numbered(2));
    near.publish(&first).await.unwrap();
    for listener in &mut listeners {
        assert_eq!(next(listener).await, first);
    }
    far.publish(&second).await.unwrap();
    for listener in &mut listeners {
        assert_eq!(next(listener).await, second, "the first came once");
    }
}

pub async fn signals_of_one_publisher_keep_their_order(near: &dyn EventBus, far: &dyn EventBus) {
    let mut listeners = [near, far].map(EventBus::subscribe);
    let signals: Vec<_> = (0..200).map(numbered).collect();
    for signal in &signals {
        near.publish(signal).await.unwrap();
    }
    for listener in &mut listeners {
        for signal in &signals {
            assert_eq!(next(listener).await, *signal);
        }
    }
}

pub async fn what_was_published_before_is_not_delivered(near: &dyn EventBus, far: &dyn EventBus) {
    let mut early = far.subscribe();
    let (before, after) = (numbered(1), numbered(2));
    near.publish(&before).await.unwrap();
    assert_eq!(next(&mut early).await, before);
    let mut late = [near, far].map(EventBus::subscribe);
    near.publish(&after).await.unwrap();
    for listener in &mut late {
        assert_eq!(next(listener).await, after);
    }
}

pub async fn every_kind_of_signal_arrives_as_it_was(near: &dyn EventBus, far: &dyn EventBus) {
    let mut listener = far.subscribe();
    let signals = [
        Signal::Queued,
        numbered(u64::MAX),
        Signal::Application {
            application: ApplicationId::new(),
            project: ProjectId::new(),
        },
        Signal::Access {
            user: UserId::new(),
        },
        Signal::Project {
            project: ProjectId::new(),
        },
    ];
    for signal in &signals {
        near.publish(signal).await.unwrap();
        assert_eq!(next(&mut listener).await, *signal);
    }
}

pub async fn a_listener_that_does_not_read_holds_nobody_up(
    near: &dyn EventBus,
    far: &dyn EventBus,
) {
    let _silent = [near, far].map(EventBus::subscribe);
    let mut reading = far.subscribe();
    for seq in 0..100 {
        // As many as a buffer holds and more, in pieces that the reader can follow.
        let last = numbered(seq);
        for _ in 0..50 {
            near.publish(&Signal::Queued).await.unwrap();
        }
        near.publish(&last).await.unwrap();
        while next(&mut reading).await != last {}
    }
}

pub async fn a_listener_that_goes_away_disturbs_nobody(near: &dyn EventBus, far: &dyn EventBus) {
    drop([near, far].map(EventBus::subscribe));
    let mut listener = far.subscribe();
    let signal = numbered(1);
    near.publish(&signal).await.unwrap();
    assert_eq!(next(&mut listener).await, signal);
}
