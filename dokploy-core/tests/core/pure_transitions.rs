//! The rules of what may follow what hold for every log, not only for those that somebody thought of.

use std::collections::BTreeSet;

use dokploy_core::deployment::{
    DeploymentState, Event, EventKind, Reason, Status, Step, StepOutput, replay,
};
use dokploy_core::id::{DeploymentId, ReleaseId, WorkerId};
use proptest::prelude::*;

use crate::pure_events::{
    accepted, any_event, at, claimed, failure, legal_log, log_of, output_of, restored,
};

fn state_of(kinds: &[EventKind]) -> DeploymentState {
    replay(&log_of(kinds.iter().cloned())).unwrap()
}

fn started(step: Step) -> EventKind {
    EventKind::StepStarted { step }
}

fn finished(step: Step) -> EventKind {
    let output = output_of(step);
    EventKind::StepFinished { step, output }
}

fn failed(step: Step) -> EventKind {
    let failure = failure(Some(step));
    EventKind::StepFailed { step, failure }
}

fn cancel() -> EventKind {
    EventKind::CancelRequested { actor: None }
}

fn cancelled() -> EventKind {
    let message = "stopped".to_owned();
    EventKind::Cancelled { message }
}

fn succeeded() -> EventKind {
    EventKind::Succeeded {
        release_id: ReleaseId::new(),
        reason: Reason::Healthy,
    }
}

fn rolled_back(by: Option<DeploymentId>) -> EventKind {
    EventKind::RolledBack {
        reason: Reason::Unhealthy,
        release_id: Some(ReleaseId::new()),
        failure: None,
        by,
    }
}

fn lost() -> EventKind {
    EventKind::Failed {
        reason: Reason::WorkerLost,
        failure: failure(None),
    }
}

/// The stages that a deployment passes, in order; it never goes back to an earlier one.
fn stage(status: Status) -> usize {
    Status::ALL
        .iter()
        .position(|s| *s == status)
        .unwrap()
        .min(5)
}

/// What must hold between any state and the one after it.
fn check_step(before: &DeploymentState, kind: &EventKind, after: &DeploymentState) {
    assert_eq!(after.seq, before.seq + 1);
    assert!(after.progress >= before.progress && after.progress <= 100);
    assert!(after.epoch >= before.epoch && after.attempt >= before.attempt);
    assert!(after.cancel_requested >= before.cancel_requested);
    assert!(after.steps.len() >= before.steps.len());
    assert_eq!(after.finished_at.is_some(), after.status.is_terminal());
    if before.status.is_terminal() {
        let by_person = matches!(kind, EventKind::RolledBack { by: Some(_), .. });
        assert_eq!(before.status, Status::Success, "{kind:?}");
        assert!(
            after.status == Status::Success || (by_person && after.status == Status::RolledBack)
        );
        assert_eq!(after.finished_at, before.finished_at);
        return;
    }
    if !after.status.is_terminal() {
        assert!(stage(after.status) >= stage(before.status), "{kind:?}");
        assert!(!after.degraded && !after.drifted);
    }
    check_end(before, after);
}

/// What must be true of a deployment that says that it has ended.
fn check_end(before: &DeploymentState, after: &DeploymentState) {
    let serves_again = matches!(
        before.output(Step::RestorePrevious),
        Some(StepOutput::Restored {
            release_id: Some(_),
            ..
        })
    );
    match after.status {
        Status::Success => {
            assert!(before.is_finished(Step::AwaitHealthy) && before.failure.is_none());
            assert!(!before.steps.contains_key(&Step::RestorePrevious));
            assert!(after.progress == 100 && after.release_id.is_some());
        }
        Status::RolledBack => assert!(serves_again && after.failure.is_some()),
        Status::Failed => assert!(after.failure.is_some() && after.attempt > 0),
        Status::Cancelled => {
            assert!(before.cancel_requested);
            assert!(!before.touched_service() || before.is_finished(Step::RestorePrevious));
        }
        Status::Superseded => assert!(before.attempt == 0 && after.superseded_by.is_some()),
        _ => {}
    }
}

/// The state after each event.
fn states_of(events: &[Event]) -> Vec<DeploymentState> {
    let mut states = vec![replay(&events[..1]).unwrap()];
    for event in &events[1..] {
        let last = states[states.len() - 1].clone();
        states.push(last.apply(event).unwrap());
    }
    states
}

/// Takes a deployment up where it stands and brings it to an end, as a worker does.
fn resume(mut state: DeploymentState) -> DeploymentState {
    let mut go = |kind: EventKind| {
        let next = state.clone().advance(&kind, at(10_000));
        state = next.unwrap_or_else(|error| panic!("{error}\n{state:#?}"));
        state.clone()
    };
    let mut now = go(claimed(1000, 9));
    let restoring = now.steps.contains_key(&Step::RestorePrevious);
    if now.failure.is_none() && !now.cancel_requested && !restoring {
        for step in &Step::ALL[..7] {
            let is_passed = now.steps.keys().any(|begun| begun > step) || now.is_finished(*step);
            if !is_passed {
                go(started(*step));
                now = go(finished(*step));
            }
        }
        return go(succeeded());
    }
    if now.touched_service() && !now.is_finished(Step::RestorePrevious) {
        go(started(Step::RestorePrevious));
        now = go(finished(Step::RestorePrevious));
    }
    match (now.failure.is_some(), now.output(Step::RestorePrevious)) {
        (false, _) if now.cancel_requested => go(cancelled()),
        (
            true,
            Some(StepOutput::Restored {
                release_id: Some(_),
                ..
            }),
        ) => go(rolled_back(None)),
        _ => go(lost()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_event_breaks_a_rule(events in legal_log(), next in proptest::collection::vec(any_event(), 30)) {
        let mut state = replay(&events[..1]).unwrap();
        for event in &events[1..] {
            let after = state.clone().apply(event).unwrap();
            check_step(&state, &event.kind, &after);
            state = after;
        }
        // Whatever comes next is either taken under the same rules or refused.
        for kind in next {
            if let Ok(after) = state.clone().advance(&kind, at(9_999)) {
                check_step(&state, &kind, &after);
            }
        }
    }

    #[test]
    fn a_replay_gives_the_same_state_every_time(events in legal_log()) {
        let one_by_one = events[1..].iter().fold(replay(&events[..1]).unwrap(), |state, event| {
            state.apply(event).unwrap()
        });
        prop_assert_eq!(&replay(&events).unwrap(), &one_by_one);
        prop_assert_eq!(replay(&events).unwrap(), one_by_one);
    }

    #[test]
    fn a_stored_state_goes_on_as_if_it_had_never_been_stored(events in legal_log()) {
        let full = replay(&events).unwrap();
        for cut in 1..=events.len() {
            let stored = serde_json::to_string(&replay(&events[..cut]).unwrap()).unwrap();
            let mut state: DeploymentState = serde_json::from_str(&stored).unwrap();
            for event in &events[cut..] {
                state = state.apply(event).unwrap();
            }
            prop_assert_eq!(&state, &full, "cut after {}", cut);
        }
    }

    #[test]
    fn every_prefix_of_a_log_can_be_brought_to_an_end(events in legal_log()) {
        for state in states_of(&events) {
            if !state.status.is_terminal() {
                prop_assert!(resume(state).status.is_terminal());
            }
        }
    }

    #[test]
    fn an_event_reads_back_as_it_was_written(events in legal_log(), other in any_event()) {
        for event in events.into_iter().chain(log_of([other])) {
            let text = serde_json::to_string(&event).unwrap();
            prop_assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
        }
    }

    #[test]
    fn a_log_with_a_gap_a_double_or_a_swap_is_refused(events in legal_log(), place in 0..100_usize) {
        let place = place % events.len();
        let mut doubled = events.clone();
        doubled.insert(place, events[place].clone());
        prop_assert!(replay(&doubled).is_err());
        if place + 1 < events.len() {
            let mut gap = events.clone();
            gap.remove(place);
            prop_assert!(replay(&gap).is_err());
            let mut swapped = events;
            swapped.swap(place, place + 1);
            prop_assert!(replay(&swapped).is_err());
        }
    }
}

#[test]
fn random_logs_reach_every_status() {
    use proptest::strategy::ValueTree as _;

    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reached = BTreeSet::new();
    for _ in 0..500 {
        let events = legal_log().new_tree(&mut runner).unwrap().current();
        reached.extend(states_of(&events).iter().map(|state| state.status.as_str()));
    }
    let all: BTreeSet<_> = Status::ALL.iter().map(|status| status.as_str()).collect();
    assert_eq!(reached, all, "the properties above look at too little");
}

#[test]
fn an_empty_log_and_one_without_a_beginning_are_refused() {
    assert!(replay(&[]).is_err());
    assert!(replay(&log_of([claimed(1, 1)])).is_err());
}

#[test]
fn illegal_events_are_refused_with_the_rule_that_they_break() {
    use Step::{
        ApplyService, AwaitHealthy, BuildImage, FetchSource, ResolveSource, RestorePrevious,
    };

    let waiting = vec![accepted()];
    let working = vec![accepted(), claimed(3, 1)];
    let with = |more: &[EventKind]| [&working[..], more].concat();
    let fetching = with(&[
        started(ResolveSource),
        finished(ResolveSource),
        started(FetchSource),
    ]);
    let touched = with(&[
        started(ApplyService),
        finished(ApplyService),
        started(AwaitHealthy),
    ]);
    let restoring = [&touched[..], &[cancel(), started(RestorePrevious)]].concat();
    let broken = with(&[started(BuildImage), failed(BuildImage)]);
    let verified = [&touched[..], &[finished(AwaitHealthy)]].concat();
    let by_person = rolled_back(Some(DeploymentId::new()));
    let wrong = EventKind::StepFinished {
        step: FetchSource,
        output: restored(None),
    };
    let handed_back = with(&[EventKind::HandedBack {
        worker: WorkerId::new(),
    }]);
    let cases = [
        (&waiting, accepted(), "no place"),
        (&waiting, started(ResolveSource), "no worker"),
        (&waiting, lost(), "no worker"),
        (&waiting, cancelled(), "nobody asked"),
        (&waiting, by_person, "no place"),
        (&working, claimed(3, 2), "greater epoch"),
        (
            &working,
            EventKind::Superseded {
                by: DeploymentId::new(),
            },
            "that waits",
        ),
        (&working, EventKind::Recovered, "no place"),
        (&working, succeeded(), "verified"),
        (&working, rolled_back(None), "not restored"),
        (&working, started(RestorePrevious), "never touched"),
        (&working, finished(BuildImage), "does not run"),
        (&handed_back, started(ResolveSource), "no worker"),
        (&fetching, started(ResolveSource), "later step"),
        (&fetching, finished(ResolveSource), "does not run"),
        (&fetching, started(BuildImage), "not done"),
        (&fetching, wrong, "another step's"),
        (&broken, started(BuildImage), "only restoring"),
        (&broken, started(ApplyService), "only restoring"),
        (&broken, failed(BuildImage), "does not run"),
        (&verified, started(AwaitHealthy), "is done"),
        (&restoring, finished(AwaitHealthy), "does not run"),
        (&restoring, cancelled(), "not restored"),
        (&restoring, cancel(), "already"),
    ];
    for (log, event, why) in cases {
        let error = state_of(log).advance(&event, at(100)).unwrap_err();
        assert!(error.why.contains(why), "{}: {error}", event.name());
    }
}

#[test]
fn a_terminal_status_is_final_but_for_a_person_who_goes_back() {
    let step = Step::AwaitHealthy;
    let mut log = vec![
        accepted(),
        claimed(3, 1),
        started(step),
        finished(step),
        succeeded(),
    ];
    let refused = [
        cancel(),
        claimed(9, 2),
        rolled_back(None),
        lost(),
        EventKind::Recovered,
    ];
    let by_person = rolled_back(Some(DeploymentId::new()));
    let check_refused = |log: &[EventKind], event: &EventKind| {
        let error = state_of(log).advance(event, at(100)).unwrap_err();
        assert!(error.why.contains("final"), "{error}");
    };
    for event in &refused {
        check_refused(&log, event);
    }
    log.push(by_person.clone());
    assert_eq!(state_of(&log).status, Status::RolledBack);
    for event in refused.iter().chain([&by_person]) {
        check_refused(&log, event);
    }
}

#[test]
fn a_success_after_restoring_began_is_refused() {
    let step = Step::AwaitHealthy;
    let log = [
        accepted(),
        claimed(1, 1),
        started(Step::ApplyService),
        finished(Step::ApplyService),
        started(step),
        finished(step),
        cancel(),
        started(Step::RestorePrevious),
    ];
    let error = state_of(&log).advance(&succeeded(), at(100)).unwrap_err();
    assert!(error.why.contains("brought back"), "{error}");
}

#[test]
fn a_deployment_that_was_handed_back_keeps_its_number_of_attempts() {
    let worker = WorkerId::new();
    let log = [
        accepted(),
        claimed(1, 1),
        started(Step::BuildImage),
        EventKind::HandedBack { worker },
        claimed(2, 1),
    ];
    let state = state_of(&log);
    assert_eq!((state.attempt, state.reason), (1, Reason::Resumed));
    assert_eq!(state.status, Status::Building);
}
