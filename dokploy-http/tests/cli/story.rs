//! A deployment that was told in advance, to be shown.

use std::time::Duration;

use dokploy_core::clock::Timestamp;
use dokploy_core::deployer::LogLine;
use dokploy_core::deployment::{
    Event, EventKind, Failure, Reason, Step, StepOutput, TaskView, replay,
};
use dokploy_core::id::{ApplicationId, DeploymentId, ProjectId, ReleaseId, WorkerId};
use dokploy_core::model::{
    ApplicationSpec, Deployment, DeploymentKind, DeploymentRequest, DeploymentTrigger, Revision,
};
use dokploy_core::runtime::LogStream;
use dokploy_core::{Error, ErrorKind};

pub(crate) const ID: &str = "0198f000-0000-7000-8000-000000000001";

/// A moment of the story.
pub(crate) fn at(milliseconds: u64) -> Timestamp {
    let start = Timestamp::from_unix_micros(1_800_000_000_000_000).unwrap();
    start.plus(Duration::from_millis(milliseconds))
}

fn id() -> DeploymentId {
    ID.parse().unwrap()
}

/// Events with their times, in milliseconds.
pub(crate) fn events(told: Vec<(u64, EventKind)>) -> Vec<Event> {
    let numbered = told.into_iter().zip(1..);
    let event = |((time, kind), seq)| Event {
        deployment_id: id(),
        seq,
        at: at(time),
        kind,
    };
    numbered.map(event).collect()
}

/// The deployment that the events lead to.
pub(crate) fn deployment(events: &[Event]) -> Deployment {
    let state = replay(events).unwrap();
    Deployment {
        id: id(),
        application_id: ApplicationId::new(),
        project_id: ProjectId::new(),
        service_name: "default-web".to_owned(),
        kind: DeploymentKind::Deploy,
        request: DeploymentRequest::default(),
        spec: ApplicationSpec::named("web"),
        target_release_id: None,
        state,
        created_at: at(0),
        updated_at: at(0),
    }
}

pub(crate) fn line(step: Step, text: &str) -> LogLine {
    LogLine {
        seq: 1,
        at: at(0),
        step,
        stream: LogStream::Stdout,
        text: text.to_owned(),
    }
}

pub(crate) fn started(time: u64, step: Step) -> (u64, EventKind) {
    (time, EventKind::StepStarted { step })
}

fn finished(time: u64, step: Step, output: StepOutput) -> (u64, EventKind) {
    (time, EventKind::StepFinished { step, output })
}

pub(crate) fn progressed(
    time: u64,
    message: &str,
    tasks: &[(&str, &str, bool)],
    monitoring: Option<u64>,
) -> (u64, EventKind) {
    let view = |(slot, state, new): &(&str, &str, bool)| TaskView {
        id: format!("{slot}-{new}"),
        slot: (*slot).to_owned(),
        state: (*state).to_owned(),
        new: *new,
        message: None,
    };
    let progressed = EventKind::StepProgressed {
        step: Step::AwaitHealthy,
        percent: 50,
        message: message.to_owned(),
        tasks: tasks.iter().map(view).collect(),
        monitoring: monitoring.map(Duration::from_secs),
    };
    (time, progressed)
}

/// From the beginning to the health of two tasks.
pub(crate) fn up_to_the_rollout() -> Vec<(u64, EventKind)> {
    let revision = Revision {
        id: "1a2b3c4d5e6f".repeat(4),
        reference: Some("refs/heads/main".to_owned()),
        message: Some("Say \u{1b}[31mhello".to_owned()),
        author: None,
        committed_at: None,
    };
    let built = StepOutput::Built {
        image: "web:1a2b3c4".to_owned(),
        image_id: "sha256:00".to_owned(),
        fingerprint: "f".to_owned(),
        reused: false,
    };
    let accepted = EventKind::Accepted {
        kind: DeploymentKind::Deploy,
        trigger: DeploymentTrigger::Cli,
        actor: None,
    };
    vec![
        (0, accepted),
        (
            100,
            EventKind::Claimed {
                worker: WorkerId::new(),
                epoch: 1,
                attempt: 1,
            },
        ),
        started(100, Step::ResolveSource),
        finished(300, Step::ResolveSource, StepOutput::Resolved { revision }),
        started(300, Step::FetchSource),
        finished(500, Step::FetchSource, StepOutput::Done),
        started(500, Step::BuildImage),
        finished(4500, Step::BuildImage, built),
        started(4500, Step::ApplyService),
        finished(4600, Step::ApplyService, applied()),
        started(4600, Step::AwaitHealthy),
        progressed(
            5000,
            "0 of 2 healthy",
            &[("1", "starting", true), ("1", "running", false)],
            None,
        ),
    ]
}

fn applied() -> StepOutput {
    StepOutput::Applied {
        release_id: ReleaseId::new(),
        service_version: 7,
        spec_digest: "d".to_owned(),
        rollout: "r".to_owned(),
        changed: true,
    }
}

pub(crate) fn success() -> Vec<(u64, EventKind)> {
    let mut told = up_to_the_rollout();
    let tasks = [("1", "healthy", true), ("2", "healthy", true)];
    told.push(progressed(
        7000,
        "all 2 healthy; watching them for 30 s",
        &tasks,
        Some(30),
    ));
    told.push(finished(37000, Step::AwaitHealthy, StepOutput::Done));
    let succeeded = EventKind::Succeeded {
        release_id: ReleaseId::new(),
        reason: Reason::Healthy,
    };
    told.push((37000, succeeded));
    told
}

pub(crate) fn rollback() -> Vec<(u64, EventKind)> {
    let mut told = up_to_the_rollout();
    let error = Error::new(ErrorKind::Unhealthy, "task 1 ended with exit code 7")
        .with_source(std::io::Error::other("the task is abc"))
        .with_hint("look at the log of the task");
    let failure = Failure::from_error(Some(Step::AwaitHealthy), &error).with_evidence([
        "cannot find the database".to_owned(),
        "giving up".to_owned(),
    ]);
    told.push((
        8000,
        EventKind::StepFailed {
            step: Step::AwaitHealthy,
            failure: failure.clone(),
        },
    ));
    told.push(started(8000, Step::RestorePrevious));
    let restored = StepOutput::Restored {
        release_id: Some(ReleaseId::new()),
        spec_digest: None,
    };
    told.push(finished(9000, Step::RestorePrevious, restored));
    let rolled_back = EventKind::RolledBack {
        reason: Reason::Unhealthy,
        release_id: Some(ReleaseId::new()),
        failure: Some(failure),
        by: None,
    };
    told.push((9000, rolled_back));
    told
}

pub(crate) fn failed_build() -> Vec<(u64, EventKind)> {
    let mut told = up_to_the_rollout();
    told.truncate(7);
    let error = Error::new(ErrorKind::BuildFailed, "`RUN make` failed with exit code 2")
        .with_hint("read the last lines of the build");
    let failure = Failure::from_error(Some(Step::BuildImage), &error)
        .with_evidence(["make: no rule".to_owned()]);
    told.push((
        2000,
        EventKind::StepFailed {
            step: Step::BuildImage,
            failure: failure.clone(),
        },
    ));
    told.push((
        2000,
        EventKind::Failed {
            reason: Reason::StepFailed,
            failure,
        },
    ));
    told
}
