//! Random events, and the logs that they add up to.

use std::time::Duration;

use dokploy_core::clock::Timestamp;
use dokploy_core::deployment::{
    DeploymentState, Event, EventKind, Failure, Reason, Step, StepOutput, TaskView, replay,
};
use dokploy_core::id::{DeploymentId, ReleaseId, WorkerId};
use dokploy_core::model::{ActorRef, DeploymentKind, DeploymentTrigger, Revision};
use dokploy_core::{Error, ErrorKind};
use proptest::prelude::*;
use proptest::sample::select;

pub(crate) fn at(second: u64) -> Timestamp {
    let micros = i64::try_from(second).unwrap() * 1_000_000;
    Timestamp::from_unix_micros(1_767_225_600_000_000 + micros).unwrap()
}

pub(crate) fn failure(step: Option<Step>) -> Failure {
    let error = Error::new(ErrorKind::Unhealthy, "a task exited with code 1").with_hint("look");
    Failure::from_error(step, &error).with_evidence(["panic!".to_owned()])
}

pub(crate) fn applied() -> StepOutput {
    StepOutput::Applied {
        release_id: ReleaseId::new(),
        service_version: 7,
        spec_digest: "d1".to_owned(),
        rollout: "r1".to_owned(),
        changed: true,
    }
}

pub(crate) fn restored(release_id: Option<ReleaseId>) -> StepOutput {
    StepOutput::Restored {
        release_id,
        spec_digest: None,
    }
}

/// The output that a step really has.
pub(crate) fn output_of(step: Step) -> StepOutput {
    match step {
        Step::ResolveSource => StepOutput::Resolved {
            revision: Revision {
                id: "0".repeat(40),
                reference: Some("refs/heads/main".to_owned()),
                message: None,
                author: None,
                committed_at: Some(at(0)),
            },
        },
        Step::FetchSource | Step::RunReleaseCommand | Step::AwaitHealthy => StepOutput::Done,
        Step::BuildImage => StepOutput::Built {
            image: "web:0000000".to_owned(),
            image_id: "sha256:1".to_owned(),
            fingerprint: "f1".to_owned(),
            reused: false,
        },
        Step::PushImage => StepOutput::Pinned {
            image_reference: "registry.example.com/web@sha256:1".to_owned(),
        },
        Step::ApplyService => applied(),
        Step::RestorePrevious => restored(Some(ReleaseId::new())),
    }
}

pub(crate) fn claimed(epoch: u64, attempt: u32) -> EventKind {
    EventKind::Claimed {
        worker: WorkerId::new(),
        epoch,
        attempt,
    }
}

/// Texts that need an escape, without the cost of a pattern for each.
fn text() -> impl Strategy<Value = String> {
    select(&["", "done", "\"ü\"\n", "\u{0}\u{7f}\\", "😀"][..]).prop_map(str::to_owned)
}

fn output() -> impl Strategy<Value = StepOutput> {
    prop_oneof![
        3 => select(&Step::ALL[..]).prop_map(output_of),
        1 => Just(restored(None)),
        1 => text().prop_map(|why| StepOutput::Skipped { why }),
    ]
}

/// The end of a step, mostly with the output that it really has.
fn finished() -> impl Strategy<Value = EventKind> {
    let own = select(&Step::ALL[..]).prop_map(|step| (step, output_of(step)));
    let any = (select(&Step::ALL[..]), output());
    prop_oneof![4 => own, 1 => any]
        .prop_map(|(step, output)| EventKind::StepFinished { step, output })
}

fn reason() -> impl Strategy<Value = Reason> {
    select(vec![
        Reason::Healthy,
        Reason::Unchanged,
        Reason::Unhealthy,
        Reason::StepFailed,
        Reason::RollbackFailed,
        Reason::WorkerLost,
    ])
}

fn actor() -> impl Strategy<Value = Option<ActorRef>> {
    proptest::option::of(text().prop_map(ActorRef))
}

/// Any event, legal or not.
pub(crate) fn any_event() -> impl Strategy<Value = EventKind> {
    let step = || select(&Step::ALL[..]);
    prop_oneof![
        1 => actor().prop_map(|actor| EventKind::Accepted {
            kind: DeploymentKind::Rollback,
            trigger: DeploymentTrigger::Webhook,
            actor,
        }),
        4 => (0..6_u64, 0..5_u32).prop_map(|(epoch, attempt)| claimed(epoch, attempt)),
        10 => step().prop_map(|step| EventKind::StepStarted { step }),
        3 => (step(), any::<u8>(), text(), proptest::option::of(0..9_999_u64)).prop_map(|(step, percent, message, left)| {
            let task = TaskView {
                id: "t1".to_owned(),
                slot: "1".to_owned(),
                state: "running".to_owned(),
                new: true,
                message: None,
            };
            let monitoring = left.map(Duration::from_millis);
            EventKind::StepProgressed { step, percent, message, tasks: vec![task], monitoring }
        }),
        10 => finished(),
        2 => step().prop_map(|step| EventKind::StepFailed { step, failure: failure(Some(step)) }),
        1 => text().prop_map(|message| EventKind::Warned { message }),
        1 => actor().prop_map(|actor| EventKind::CancelRequested { actor }),
        1 => Just(()).prop_map(|()| EventKind::HandedBack { worker: WorkerId::new() }),
        2 => reason().prop_map(|reason| EventKind::Succeeded { release_id: ReleaseId::new(), reason }),
        1 => reason().prop_map(|reason| EventKind::Failed { reason, failure: failure(None) }),
        2 => (reason(), any::<bool>(), any::<bool>()).prop_map(|(reason, by_person, has_cause)| {
            EventKind::RolledBack {
                reason,
                release_id: Some(ReleaseId::new()),
                failure: has_cause.then(|| failure(None)),
                by: by_person.then(DeploymentId::new),
            }
        }),
        1 => text().prop_map(|message| EventKind::Cancelled { message }),
        1 => Just(()).prop_map(|()| EventKind::Superseded { by: DeploymentId::new() }),
        1 => Just(EventKind::Degraded { message: "1 of 2".to_owned(), tasks: Vec::new() }),
        1 => Just(EventKind::Recovered),
        1 => Just(EventKind::Drifted { message: "replicas".to_owned() }),
    ]
}

pub(crate) fn accepted() -> EventKind {
    EventKind::Accepted {
        kind: DeploymentKind::Deploy,
        trigger: DeploymentTrigger::Api,
        actor: None,
    }
}

/// Numbers events and gives them times.
pub(crate) fn log_of(kinds: impl IntoIterator<Item = EventKind>) -> Vec<Event> {
    let deployment_id = DeploymentId::new();
    let number = |(kind, seq): (EventKind, u64)| Event {
        deployment_id,
        seq,
        at: at(seq),
        kind,
    };
    kinds.into_iter().zip(1..).map(number).collect()
}

/// What a worker says of a deployment that goes well, or of one that fails at the given step.
fn story(fails_at: Option<Step>) -> Vec<EventKind> {
    let mut story = vec![accepted(), claimed(1, 1)];
    for step in Step::ALL {
        if step == Step::RestorePrevious {
            break;
        }
        story.push(EventKind::StepStarted { step });
        if fails_at == Some(step) {
            let failure = failure(Some(step));
            story.push(EventKind::StepFailed { step, failure });
            return story;
        }
        let output = output_of(step);
        story.push(EventKind::StepFinished { step, output });
    }
    story.push(EventKind::Succeeded {
        release_id: ReleaseId::new(),
        reason: Reason::Healthy,
    });
    story
}

/// A legal log: the story of a deployment up to some point, with whatever else was accepted on the way.
pub(crate) fn legal_log() -> impl Strategy<Value = Vec<Event>> {
    let fails_at = proptest::option::of(select(&Step::ALL[..7]));
    let noise = proptest::collection::vec(any_event(), 0..60);
    let places = proptest::collection::vec(0..20_usize, 60);
    let end = 1..20_usize;
    (fails_at, noise, places, end).prop_map(|(fails_at, noise, places, end)| {
        let mut candidates: Vec<(usize, EventKind)> =
            story(fails_at).into_iter().take(end).enumerate().collect();
        candidates.extend(places.into_iter().zip(noise));
        // Stable: what belongs to the story comes before the noise at the same place, the first event first.
        candidates.sort_by_key(|(place, _)| *place);
        keep_legal(candidates.into_iter().map(|(_, kind)| kind))
    })
}

/// Those events that may follow what came before them.
fn keep_legal(candidates: impl Iterator<Item = EventKind>) -> Vec<Event> {
    let mut kinds = Vec::new();
    let mut state: Option<DeploymentState> = None;
    for kind in candidates {
        let next = match &state {
            None => replay(&log_of([kind.clone()])).ok(),
            Some(state) => state.clone().advance(&kind, at(state.seq + 1)).ok(),
        };
        if let Some(next) = next {
            state = Some(next);
            kinds.push(kind);
        }
    }
    log_of(kinds)
}
