//! Takes deployments from the queue: as many at once as there are slots, at most so many starts a minute.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::{Inner, worker};
use crate::bus::Signal;
use crate::error::Result;

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let slots = Arc::new(Semaphore::new(inner.options.concurrency));
    let mut limiter = StartLimiter::new(inner.options.starts_per_minute);
    let mut signals = inner.bus.subscribe();
    loop {
        let Some(slot) = free_slot(&inner, &slots).await else {
            return;
        };
        let claimed = claim(&inner, slot, &mut limiter)
            .await
            .unwrap_or_else(|error| {
                tracing::warn!(error = %error, "the queue cannot be read; looking again");
                false
            });
        if claimed {
            continue;
        }
        // Signals only wake up; polling remains, because a bus may lose them.
        let pause = limiter
            .pause()
            .min(inner.options.poll_interval)
            .max(Duration::from_millis(10));
        tokio::select! {
            () = inner.shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            () = wake_up(&mut signals) => {}
        }
    }
}

async fn free_slot(inner: &Inner, slots: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    tokio::select! {
        biased;
        () = inner.shutdown.cancelled() => None,
        slot = Arc::clone(slots).acquire_owned() => slot.ok(),
    }
}

/// Claims one deployment and sets a worker to it. Answers whether there was one.
async fn claim(
    inner: &Arc<Inner>,
    slot: OwnedSemaphorePermit,
    limiter: &mut StartLimiter,
) -> Result<bool> {
    let resume_only = !limiter.may_start();
    let claim = inner
        .store
        .claim_next(inner.worker, inner.options.lease, resume_only)
        .await?;
    let Some(claim) = claim else { return Ok(false) };
    if claim.deployment.state.attempt == 0 {
        limiter.started();
    }
    let inner = Arc::clone(inner);
    inner.clone().spawn(async move {
        let bus = Arc::clone(&inner.bus);
        Box::pin(worker::run(inner, claim)).await;
        drop(slot);
        // The application is free again, and something of it may wait.
        if let Err(error) = bus.publish(&Signal::Queued).await {
            tracing::debug!(error = %error, "a signal was lost; polling goes on");
        }
    });
    Ok(true)
}

async fn wake_up(signals: &mut futures::stream::BoxStream<'static, Signal>) {
    loop {
        match signals.next().await {
            Some(Signal::Queued) => return,
            Some(_) => {}
            None => futures::future::pending().await,
        }
    }
}

/// At most so many starts within any minute.
struct StartLimiter {
    most: usize,
    starts: VecDeque<Instant>,
}

impl StartLimiter {
    const WINDOW: Duration = Duration::from_mins(1);

    fn new(most: u32) -> Self {
        Self {
            most: most as usize,
            starts: VecDeque::new(),
        }
    }

    fn may_start(&mut self) -> bool {
        while self
            .starts
            .front()
            .is_some_and(|start| start.elapsed() >= Self::WINDOW)
        {
            self.starts.pop_front();
        }
        self.starts.len() < self.most
    }

    fn started(&mut self) {
        self.starts.push_back(Instant::now());
    }

    /// How long until the next start is allowed; the greatest duration when it is allowed now.
    fn pause(&self) -> Duration {
        match self.starts.front() {
            Some(first) if self.starts.len() >= self.most => {
                Self::WINDOW.saturating_sub(first.elapsed())
            }
            _ => Duration::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_eleventh_start_within_a_minute_waits_for_the_first_to_age() {
        let mut limiter = StartLimiter::new(10);
        for _ in 0..10 {
            assert!(limiter.may_start());
            limiter.started();
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!(!limiter.may_start());
        assert_eq!(limiter.pause(), Duration::from_secs(50));
        tokio::time::advance(Duration::from_secs(50)).await;
        assert!(limiter.may_start());
    }
}
