//! Runs the release command in the new image, before the switch.

use std::time::Duration;

use super::super::apply::{self, pinned_image};
use super::super::credentials;
use super::super::retry::RetryPolicy;
use super::super::service;
use super::super::worker::Work;
use crate::deployment::{Step, StepOutput};
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::TaskSpec;

pub(super) async fn run(work: &Work) -> Result<StepOutput> {
    let spec = &work.deployment.spec;
    let Some(command) = &spec.release_command else {
        return Ok(StepOutput::Done);
    };
    apply::prepare(work, spec, &work.opened).await?;
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
        credential: credentials::registry(&work.inner, spec).await?,
    };
    let outcome = supervise(work, &task, spec.deadlines.release_command).await;
    // Removed also when it failed: what it said is in the log by now.
    if !matches!(&outcome, Err(error) if error.kind() == ErrorKind::LeaseLost) {
        let removal = work.inner.runtime.remove_task(&task.name).await;
        if let Err(error) = removal {
            tracing::warn!(error = %error, "the task of a release command was not removed");
        }
    }
    outcome
}

async fn supervise(work: &Work, task: &TaskSpec, deadline: Duration) -> Result<StepOutput> {
    let stop = work.stop.forwards();
    let outcome = RetryPolicy::OWN
        .run(stop, || {
            let log = work.output.sink(Step::RunReleaseCommand);
            work.inner.runtime.run_task(task, deadline, log, stop)
        })
        .await?;
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
