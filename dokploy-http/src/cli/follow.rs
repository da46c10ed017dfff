//! Follows a deployment to its end, shows it, and obeys Ctrl-C.

use std::time::Duration;

use dokploy_core::clock::{Clock as _, SystemClock};
use dokploy_core::deployer::{DeploymentHandle, LogLine};
use dokploy_core::deployment::{Event, EventKind, Status, Step, StepStatus};
use dokploy_core::model::Deployment;
use dokploy_core::runtime::LogStream;
use dokploy_core::{Error, Result};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::time::Instant;

use super::exit::Exit;
use super::interrupt::{Asked, Interrupts};
use super::view::View;

/// Time between two drawings of a live view.
const TICK: Duration = Duration::from_millis(100);
/// How long the log may take to come to its end after the last event.
const LOG_GRACE: Duration = Duration::from_secs(3);
/// How long the output of a step may take to arrive after the event of its end.
const OUTPUT_GRACE: Duration = Duration::from_millis(50);
/// Steps whose output is in the log.
const STEPS_WITH_OUTPUT: [Step; 3] = [Step::BuildImage, Step::PushImage, Step::RunReleaseCommand];
/// Time before a store that is away is asked again.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// Lines of a failed step that are shown at the end.
const OUTPUT_LINES_MAX: usize = 10_000;

/// What Ctrl-C does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnInterrupt {
    /// The first one cancels the deployment, the second one leaves it as it is.
    Cancel,
    /// It leaves the deployment as it is.
    Leave,
}

/// Shows a deployment until it has ended, the time has passed, or somebody wants to leave.
pub(crate) struct Follow<'a> {
    pub(crate) handle: &'a DeploymentHandle,
    pub(crate) view: &'a mut dyn View,
    pub(crate) interrupts: &'a mut Interrupts,
    pub(crate) on_interrupt: OnInterrupt,
    pub(crate) timeout: Option<Duration>,
}

impl Follow<'_> {
    /// Follows. The exit code says how it ended.
    ///
    /// # Errors
    ///
    /// What the store answers for good. While it is only away, it is asked again.
    pub(crate) async fn run(mut self) -> Result<Exit> {
        let left = self.watch().await?;
        let deployment = self.handle.get().await?;
        let exit = left.unwrap_or_else(|| Exit::of_status(deployment.state.status));
        let log = if self.view.folds() {
            self.failed_output(&deployment).await?
        } else {
            Vec::new()
        };
        self.view.end(&deployment, exit, &log);
        Ok(exit)
    }

    /// Returns how it was left, or nothing when it has ended.
    async fn watch(&mut self) -> Result<Option<Exit>> {
        let mut last_event = 0;
        let mut events = self.handle.events(0);
        let mut lines = self.handle.logs(0, true).fuse();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let deadline = self.timeout.map(|timeout| Instant::now() + timeout);
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => {
                        last_event = event.seq;
                        self.catch_up(&event, &mut lines).await;
                        self.view.event(&event);
                    }
                    None => break,
                    Some(Err(error)) => {
                        self.pause(error).await?;
                        events = self.handle.events(last_event);
                    }
                },
                Some(line) = lines.next() => self.line(line),
                now = tick.tick() => {
                    self.view.tick(SystemClock.now());
                    if deadline.is_some_and(|deadline| now >= deadline) {
                        return Ok(Some(Exit::TimedOut));
                    }
                }
                asked = self.interrupts.next() => {
                    if let Some(exit) = self.interrupted(asked).await? {
                        return Ok(Some(exit));
                    }
                }
            }
        }
        let rest = async {
            while let Some(line) = lines.next().await {
                self.line(line);
            }
        };
        // A log that never ends is not worth waiting for: what is missing can be read later.
        let _cut = tokio::time::timeout(LOG_GRACE, rest).await;
        Ok(None)
    }

    /// Shows the output that was written before the end of its step, as far as it is there already: events and lines
    /// come on two ways, and output of a step after its end looks wrong.
    async fn catch_up<S>(&mut self, event: &Event, lines: &mut S)
    where
        S: futures::Stream<Item = Result<LogLine>> + Unpin,
    {
        let (EventKind::StepFinished { step, .. } | EventKind::StepFailed { step, .. }) =
            event.kind
        else {
            return;
        };
        if !STEPS_WITH_OUTPUT.contains(&step) {
            return;
        }
        while let Ok(Some(line)) = tokio::time::timeout(OUTPUT_GRACE, lines.next()).await {
            self.line(line);
        }
    }

    fn line(&mut self, line: Result<LogLine>) {
        match line {
            // The last record of a log says how the deployment ended, which the view does itself.
            Ok(line) if line.step == Step::ResolveSource && line.stream == LogStream::System => {}
            Ok(line) => self.view.line(&line),
            Err(error) => self.view.note(&format!("the log cannot be read: {error}")),
        }
    }

    async fn pause(&mut self, error: Error) -> Result<()> {
        if !error.is_retryable() {
            return Err(error);
        }
        self.view.note(&format!("{error}; trying again"));
        tokio::time::sleep(STORE_PAUSE).await;
        Ok(())
    }

    async fn interrupted(&mut self, asked: Asked) -> Result<Option<Exit>> {
        let exit = match asked {
            Asked::Interrupt => Exit::Interrupted,
            Asked::Terminate => Exit::Terminated,
        };
        let first = self.on_interrupt == OnInterrupt::Cancel && asked == Asked::Interrupt;
        if !first {
            return Ok(Some(exit));
        }
        self.on_interrupt = OnInterrupt::Leave;
        let deployment = self.handle.cancel(Some(super::actor())).await?;
        let touched = deployment.state.touched_service();
        self.view.note(if deployment.state.status == Status::Cancelled {
            "cancelled before it had begun"
        } else if touched {
            "asked to cancel: the previous release is restored first; Ctrl-C again leaves it unfinished"
        } else {
            "asked to cancel: the service was not touched; Ctrl-C again leaves it unfinished"
        });
        Ok(None)
    }

    /// All output of the step that failed, which a view that folds it has not shown.
    async fn failed_output(&self, deployment: &Deployment) -> Result<Vec<LogLine>> {
        let failed = |step: &Step| {
            deployment
                .state
                .steps
                .get(step)
                .is_some_and(|record| record.status == StepStatus::Failed)
        };
        let Some(step) = STEPS_WITH_OUTPUT.into_iter().find(failed) else {
            return Ok(Vec::new());
        };
        let mut output = std::collections::VecDeque::new();
        let mut lines: BoxStream<'_, Result<LogLine>> = self.handle.logs(0, false);
        while let Some(line) = lines.next().await {
            let line = line?;
            if line.step == step {
                output.push_back(line);
            }
            if output.len() > OUTPUT_LINES_MAX {
                output.pop_front();
            }
        }
        Ok(output.into())
    }
}
