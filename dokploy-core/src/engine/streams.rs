//! Events and log lines as streams: what has been first, then what comes, without a gap.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};

use super::Inner;
use crate::bus::Signal;
use crate::deployer::LogLine;
use crate::deployment::Event;
use crate::error::{Error, Result};
use crate::id::DeploymentId;

/// Events read at once.
const BATCH: u32 = 200;

/// How often a stream looks by itself, when a signal was lost.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

struct Watching {
    inner: Arc<Inner>,
    id: DeploymentId,
    after: u64,
    ready: VecDeque<Event>,
    signals: BoxStream<'static, Signal>,
    ended: bool,
}

/// Events after a number, until the terminal one.
pub(crate) fn events(
    inner: Arc<Inner>,
    id: DeploymentId,
    after: u64,
) -> BoxStream<'static, Result<Event>> {
    // Subscribed before the first read, so that nothing falls between the two.
    let signals = inner.bus.subscribe();
    let watching = Watching {
        inner,
        id,
        after,
        ready: VecDeque::new(),
        signals,
        ended: false,
    };
    stream::unfold(watching, |mut watching| async move {
        let next = watching.next().await?;
        watching.ended |= next.is_err();
        Some((next, watching))
    })
    .boxed()
}

impl Watching {
    async fn next(&mut self) -> Option<Result<Event>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.after = event.seq;
                return Some(Ok(event));
            }
            if self.ended {
                return None;
            }
            match self.read().await {
                Ok(true) => {}
                Ok(false) if self.ended => return None,
                Ok(false) => self.wait().await,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Reads what is new, and whether that is all there will be. The state is read first: an event that is written
    /// after it is found by the next read.
    async fn read(&mut self) -> Result<bool> {
        let found = self.inner.store.find_deployment(self.id).await?;
        let state = found
            .ok_or_else(|| Error::not_found("deployment", self.id))?
            .state;
        let new = self.inner.store.events(self.id, self.after, BATCH).await?;
        let last = new.last().map_or(self.after, |event| event.seq);
        self.ended = state.status.is_terminal() && last >= state.seq;
        self.ready.extend(new);
        Ok(!self.ready.is_empty())
    }

    async fn wait(&mut self) {
        let id = self.id;
        let news = async {
            loop {
                match self.signals.next().await {
                    Some(Signal::Deployment { deployment, .. }) if deployment == id => return,
                    Some(_) => {}
                    None => futures::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = news => {}
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
    }
}

/// Lines of a deployment's log after a number; with `follow`, until it is terminal.
pub(crate) fn log(
    inner: Arc<Inner>,
    id: DeploymentId,
    after: u64,
    follow: bool,
) -> BoxStream<'static, Result<LogLine>> {
    let logs = inner.logs.clone();
    let until = follow.then(|| {
        // The log is complete before the terminal event is written.
        let ended = async move {
            events(inner, id, 0)
                .for_each(|_| futures::future::ready(()))
                .await;
        };
        ended.boxed()
    });
    logs.read(id, after, until)
}
