//! Runs the release command in the new image, before the switch.

use std::time::Duration;

use super::super::apply::{self, pinned_image};
use super::super::retry::{RetryPolicy, stopped};
use super::super::service;
use super::super::worker::Work;
use crate::deployment::{Step, StepOutput};
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{TaskOutcome, TaskSpec};

pub(super) async fn run(work: &Work) -> Result<StepOutput> {
    let spec = &work.deployment.spec;
    let Some(command) = &spec.release_command else {
        return Ok(StepOutput::Done);
    };
    apply::prepare(work, spec, &work.opened, work.stop.forwards()).await?;
    // Once for each deployment: the name is the same after a crash, so that a task that ran or runs is taken up.
    let mut labels = service::ownership(&work.deployment);
    labels.extend(service::rollout_labels(
        &work.deployment,
        Step::RunReleaseCommand,
    ));
    let task = TaskSpec {
        name: service::task_name(&work.deployment),
        labels,
        image: pinned_image(work)?,
        command: command.clone(),
        env: work.opened.env.clone(),
        secrets: service::secret_mounts(&work.deployment.service_name, &work.opened),
        networks: service::networks(spec, &work.inner.options.network),
        volumes: spec.volumes.clone(),
        user: spec.user.clone(),
        memory_limit: spec.memory_limit.map(service::mebibytes),
        constraints: spec.constraints.clone(),
        credential: work.credentials().registry(spec).await?,
    };
    let outcome = supervise(work, &task, spec.deadlines.release_command).await?;
    match outcome.exit_code {
        Some(0) => Ok(StepOutput::Done),
        code => {
            let ending = match (code, &outcome.message) {
                (Some(code), _) => format!("ended with exit code {code}"),
                (None, Some(message)) => format!("did not start: {message}"),
                (None, None) => "did not start".to_owned(),
            };
            Err(Error::new(
                ErrorKind::BuildFailed,
                format!("the release command {ending}"),
            )
            .with_hint("its output is in the log; the running release was not touched"))
        }
    }
}

/// Waits for the task. A cancellation stops it; a worker that stops or has lost its claim leaves it alone, because its
/// successor takes up the task of the same name.
async fn supervise(work: &Work, task: &TaskSpec, deadline: Duration) -> Result<TaskOutcome> {
    let stop = &work.stop;
    let run = RetryPolicy::OWN.run(stop.forwards(), || async {
        // Nothing but this fences the command: no engine compares and sets what it runs.
        stop.ensure_owned()?;
        let log = work.output.sink(Step::RunReleaseCommand);
        work.inner
            .runtime
            .run_task(task, deadline, log, stop.asked())
            .await
    });
    tokio::select! {
        outcome = run => outcome,
        () = stop.everything().cancelled() => Err(stopped()),
    }
}

/// Removes what the task left. Done only when the end of the deployment is certain: until then a successor of this
/// worker finds by it that the command ran.
pub(super) async fn remove(work: &Work) -> Result<()> {
    let name = service::task_name(&work.deployment);
    RetryPolicy::OWN
        .run(work.stop.everything(), || {
            work.inner.runtime.remove_task(&name)
        })
        .await
}
