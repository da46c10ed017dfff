//! What says nothing about the release: tasks that could not be started, nodes that are lost, a Swarm that loses its
//! way.

use super::*;

fn refused(id: &str, refusal: Refusal) -> ObservedTask {
    ObservedTask {
        refusal: Some(refusal),
        error: Some("swarm is not active".to_owned()),
        ..unwanted(task(id, NEW, TaskState::Rejected))
    }
}

fn lost(id: &str) -> ObservedTask {
    unwanted(task(id, NEW, TaskState::Orphaned))
}

fn forced(mut service: ObservedService, count: u64, ids: &[&str]) -> ObservedService {
    service.forced = count;
    let newer = service
        .tasks
        .iter_mut()
        .filter(|task| ids.contains(&&*task.id));
    newer.for_each(|task| task.forced = count);
    service
}

fn followed() -> (Rollout, Instant) {
    let begun = Instant::now();
    let policy = UpdatePolicy {
        delay: Duration::ZERO,
        healthy_deadline: seconds(200),
        progress_deadline: seconds(400),
        ..policy()
    };
    (Rollout::new(NEW.to_owned(), &policy, true, begun), begun)
}

#[test]
fn what_could_not_be_started_for_a_passing_reason_is_tried_again_for_a_stated_time() {
    let (mut rollout, begun) = followed();
    let seen = service(
        1,
        vec![
            task("b", NEW, TaskState::Preparing),
            refused("a", Refusal::Passing),
        ],
    );
    assert_eq!(word(&rollout.judge(&seen, begun)), "waiting");
    assert_eq!(word(&rollout.judge(&seen, begun + seconds(60))), "waiting");
    let Verdict::Failed(failure) = rollout.judge(&seen, begun + seconds(61)) else {
        panic!("it is tried for ever")
    };
    assert_eq!(failure.kind, ErrorKind::Unhealthy);
    assert!(
        failure.message.contains("swarm is not active") && failure.message.contains("for 60 s"),
        "{}",
        failure.message
    );
    assert_eq!(failure.task.as_deref(), Some("a"));
}

#[test]
fn what_could_be_started_in_the_end_is_judged_by_itself() {
    let (mut rollout, begun) = followed();
    let past = || refused("a", Refusal::Passing);
    rollout.judge(&service(1, vec![past()]), begun);
    let starting = service(1, vec![task("b", NEW, TaskState::Starting), past()]);
    for after in [59, 70, 110] {
        let verdict = rollout.judge(&starting, begun + seconds(after));
        assert_eq!(word(&verdict), "waiting", "after {after} s");
    }
    let running = service(1, vec![up("b"), past()]);
    let verdict = rollout.judge(&running, begun + seconds(111));
    assert_eq!(word(&verdict), "monitoring");
}

#[test]
fn what_cannot_be_had_fails_at_once() {
    let (mut rollout, begun) = followed();
    let seen = service(1, vec![refused("a", Refusal::Lasting)]);
    assert_eq!(word(&rollout.judge(&seen, begun)), "failed");
}

#[test]
fn the_time_of_an_outage_is_no_time_for_which_it_was_tried() {
    let (mut rollout, begun) = followed();
    let seen = service(1, vec![refused("a", Refusal::Passing)]);
    rollout.judge(&seen, begun);
    rollout.excuse_outage(&seen, begun + seconds(10), begun + seconds(80));
    assert_eq!(word(&rollout.judge(&seen, begun + seconds(125))), "waiting");
    assert_eq!(word(&rollout.judge(&seen, begun + seconds(132))), "failed");
}

#[test]
fn a_lost_task_gets_a_while_until_swarm_is_asked_once_more() {
    let (mut rollout, begun) = followed();
    let seen = service(2, vec![up("a"), lost("b")]);
    let stuck = |rollout: &mut Rollout, service: &ObservedService, after| {
        let now = begun + seconds(after);
        rollout.judge(service, now);
        rollout.is_stuck(service, false, now)
    };
    assert!(!stuck(&mut rollout, &seen, 0));
    assert!(!stuck(&mut rollout, &seen, 9));
    // Progress is a sign that it goes on by itself.
    let mut other = up("c");
    other.slot = 2;
    let better = service(3, vec![up("a"), other, lost("b")]);
    assert!(!stuck(&mut rollout, &better, 10));
    assert!(!stuck(&mut rollout, &better, 19));
    assert!(stuck(&mut rollout, &better, 20));
    rollout.repeated(begun + seconds(20));
    assert!(!stuck(&mut rollout, &better, 29));
}

#[test]
fn after_a_repetition_only_the_newer_tasks_count() {
    let (mut rollout, begun) = followed();
    let seen = service(1, vec![up("b"), lost("a")]);
    rollout.judge(&seen, begun);
    rollout.repeated(begun);
    let beside = service(1, vec![up("c"), up("b"), lost("a")]);
    let beside = forced(beside, 1, &["c"]);
    assert_eq!(word(&rollout.judge(&beside, begun)), "waiting");
    assert_eq!(rollout.healthy_count(&beside), 1);
    let alone = vec![
        up("c"),
        unwanted(task("b", NEW, TaskState::Shutdown)),
        lost("a"),
    ];
    let alone = forced(service(1, alone), 1, &["c"]);
    assert_eq!(word(&rollout.judge(&alone, begun)), "monitoring");
    assert!(!rollout.is_stuck(&alone, false, begun + seconds(60)));
}

#[test]
fn swarm_is_asked_a_bounded_number_of_times_and_what_it_has_is_taken_then() {
    let (mut rollout, begun) = followed();
    let doubled = service(1, vec![up("a"), up("b")]);
    let mut now = begun;
    for _ in 0..REPEATS_MAX {
        assert_eq!(word(&rollout.judge(&doubled, now)), "waiting");
        assert!(!rollout.is_stuck(&doubled, false, now));
        now += STUCK_AFTER;
        assert!(rollout.is_stuck(&doubled, false, now));
        rollout.repeated(now);
    }
    assert!(!rollout.may_repeat());
    assert_eq!(word(&rollout.judge(&doubled, now)), "monitoring");
    assert!(!rollout.is_stuck(&doubled, false, now + STUCK_AFTER));
}

#[test]
fn only_what_says_nothing_about_the_release_is_a_disturbance() {
    let (mut rollout, begun) = followed();
    let starting = service(1, vec![task("a", NEW, TaskState::Starting)]);
    rollout.judge(&starting, begun);
    assert!(!rollout.was_disturbed());
    rollout.judge(&service(1, vec![refused("a", Refusal::Passing)]), begun);
    assert!(rollout.was_disturbed(), "it could not be started");
    let (mut rollout, begun) = followed();
    let killed = service(1, vec![ended_with("a", 137)]);
    rollout.excuse_outage(&killed, begun, begun);
    assert!(rollout.was_disturbed(), "the engine ended it");
}

#[test]
fn a_rollout_that_was_not_begun_here_is_not_repeated() {
    let (rollout, begun) = followed();
    let mut rollout = rollout.without_repeats();
    let seen = service(2, vec![up("a"), lost("b")]);
    assert!(!rollout.is_stuck(&seen, false, begun));
    assert!(!rollout.is_stuck(&seen, false, begun + seconds(60)));
}

#[test]
fn two_tasks_on_one_node_are_one_too_many_for_a_global_service() {
    let on = |id: &str, node: &str| ObservedTask {
        slot: 0,
        node: Some(node.to_owned()),
        ..up(id)
    };
    let global = |tasks| ObservedService {
        global: true,
        ..service(2, tasks)
    };
    let good = global(vec![on("a", "node-1"), on("b", "node-2")]);
    assert_eq!(word(&first_look(&good)), "monitoring");
    let doubled = global(vec![
        on("a", "node-1"),
        on("b", "node-2"),
        on("c", "node-2"),
    ]);
    assert_eq!(word(&first_look(&doubled)), "waiting");
}
