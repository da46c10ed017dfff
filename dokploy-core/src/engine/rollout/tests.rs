//! Tables of observations and what they mean.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::*;

mod disturbances;

const NEW: &str = "d2/apply_service";
const OLD: &str = "d1/apply_service";

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn policy() -> UpdatePolicy {
    UpdatePolicy {
        monitor: seconds(10),
        healthy_deadline: seconds(60),
        progress_deadline: seconds(100),
        ..UpdatePolicy::default()
    }
}

fn task(id: &str, rollout: &str, state: TaskState) -> ObservedTask {
    ObservedTask {
        id: id.to_owned(),
        slot: 1,
        node: Some("node-1".to_owned()),
        image: "app:1".to_owned(),
        labels: BTreeMap::from([(label::ROLLOUT.to_owned(), rollout.to_owned())]),
        state,
        wanted: state <= TaskState::Running,
        health: TaskHealth::Unknown,
        message: None,
        error: None,
        exit_code: None,
        refusal: None,
        forced: 0,
        container: None,
        created_at: None,
        changed_at: None,
    }
}

fn up(id: &str) -> ObservedTask {
    task(id, NEW, TaskState::Running)
}

fn ended_with(id: &str, code: i64) -> ObservedTask {
    ObservedTask {
        exit_code: Some(code),
        ..task(id, NEW, TaskState::Failed)
    }
}

fn service(replicas: u32, tasks: Vec<ObservedTask>) -> ObservedService {
    ObservedService {
        id: "service-1".to_owned(),
        name: "web".to_owned(),
        version: 1,
        spec_digest: "digest".to_owned(),
        labels: BTreeMap::new(),
        container_labels: BTreeMap::new(),
        image: "app:1".to_owned(),
        global: false,
        replicas,
        forced: 0,
        update_state: Some("completed".to_owned()),
        tasks,
    }
}

/// What a verdict is in one word.
fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Waiting => "waiting",
        Verdict::Monitoring(_) => "monitoring",
        Verdict::Healthy => "healthy",
        Verdict::Failed(failure) => match failure.kind {
            ErrorKind::TimedOut => "timed out",
            _ => "failed",
        },
    }
}

/// Begins to follow a rollout and judges one observation.
fn first_look(service: &ObservedService) -> Verdict {
    let now = Instant::now();
    Rollout::new(NEW.to_owned(), &policy(), true, now).judge(service, now)
}

/// One observation: what it is, how many tasks there should be, which there are, and what that means.
type Row = (&'static str, u32, Vec<ObservedTask>, &'static str);

fn check(table: Vec<Row>) {
    for (what, replicas, tasks, expected) in table {
        let verdict = first_look(&service(replicas, tasks));
        assert_eq!(word(&verdict), expected, "{what}: {verdict:?}");
    }
}

fn new(state: TaskState) -> Vec<ObservedTask> {
    vec![task("n", NEW, state)]
}

/// A new task that is up, next to an old one.
fn beside(state: TaskState) -> Vec<ObservedTask> {
    vec![up("a"), task("o", OLD, state)]
}

fn with_health(health: TaskHealth) -> Vec<ObservedTask> {
    vec![ObservedTask { health, ..up("a") }]
}

fn unwanted(task: ObservedTask) -> ObservedTask {
    ObservedTask {
        wanted: false,
        ..task
    }
}

#[test]
fn a_task_is_judged_by_its_state_and_its_health() {
    check(vec![
        ("none yet", 1, vec![], "waiting"),
        ("pending", 1, new(TaskState::Pending), "waiting"),
        ("preparing", 1, new(TaskState::Preparing), "waiting"),
        ("starting", 1, new(TaskState::Starting), "waiting"),
        ("running", 1, new(TaskState::Running), "monitoring"),
        ("failed", 1, new(TaskState::Failed), "failed"),
        ("rejected", 1, new(TaskState::Rejected), "failed"),
        ("ended with success", 1, new(TaskState::Complete), "failed"),
        ("stopped by Swarm", 1, new(TaskState::Shutdown), "waiting"),
        ("its node is lost", 1, new(TaskState::Orphaned), "waiting"),
        ("not wanted", 1, vec![unwanted(up("a"))], "waiting"),
        ("healthy", 1, with_health(TaskHealth::Healthy), "monitoring"),
        ("unprobed", 1, with_health(TaskHealth::Starting), "waiting"),
        (
            "unhealthy",
            1,
            with_health(TaskHealth::Unhealthy),
            "waiting",
        ),
    ]);
}

#[test]
fn all_tasks_together_decide_and_old_ones_have_to_be_on_their_way_out() {
    let failing = vec![up("a"), ended_with("b", 1)];
    let old = vec![task("o", OLD, TaskState::Running)];
    let stopping = vec![up("a"), unwanted(task("o", OLD, TaskState::Running))];
    check(vec![
        ("one of two", 2, vec![up("a")], "waiting"),
        ("two in one slot", 1, vec![up("a"), up("b")], "waiting"),
        ("one of two failed", 2, failing, "failed"),
        ("only an old one", 1, old.clone(), "waiting"),
        ("the old one runs", 1, beside(TaskState::Running), "waiting"),
        ("the old one stops", 1, stopping, "monitoring"),
        (
            "it has stopped",
            1,
            beside(TaskState::Shutdown),
            "monitoring",
        ),
        ("it once failed", 1, beside(TaskState::Failed), "monitoring"),
        ("it is lost", 1, beside(TaskState::Orphaned), "monitoring"),
        ("none of none", 0, vec![], "healthy"),
        ("none but an old one", 0, old, "waiting"),
    ]);
}

#[test]
fn what_swarm_says_about_the_update_is_not_asked() {
    for state in [
        None,
        Some("completed"),
        Some("updating"),
        Some("rollback_completed"),
    ] {
        let update_state = state.map(str::to_owned);
        let good = ObservedService {
            update_state: update_state.clone(),
            ..service(1, vec![up("a")])
        };
        assert_eq!(word(&first_look(&good)), "monitoring", "{state:?}");
        let bad = ObservedService {
            update_state,
            ..service(1, vec![ended_with("a", 1)])
        };
        assert_eq!(word(&first_look(&bad)), "failed", "{state:?}");
    }
}

#[test]
fn a_failure_names_the_task_and_what_ended_it() {
    let table = [
        (ended_with("a", 42), "ended with exit code 42"),
        (
            ObservedTask {
                exit_code: Some(0),
                ..task("a", NEW, TaskState::Complete)
            },
            "although it should go on running",
        ),
        (
            ObservedTask {
                error: Some("No such image: app:1".to_owned()),
                ..task("a", NEW, TaskState::Rejected)
            },
            "(rejected: No such image: app:1) was rejected by its node",
        ),
        (
            ObservedTask {
                error: Some("dockerexec: unhealthy container".to_owned()),
                ..ended_with("a", 137)
            },
            "stopped because its health check failed",
        ),
        (
            ObservedTask {
                slot: 0,
                ..ended_with("a", 1)
            },
            "the task on node node-1",
        ),
    ];
    for (task, expected) in table {
        let Verdict::Failed(failure) = first_look(&service(1, vec![task])) else {
            panic!("{expected}: no failure")
        };
        assert!(failure.message.contains(expected), "{}", failure.message);
        assert_eq!(failure.task.as_deref(), Some("a"));
        assert_eq!(failure.kind, ErrorKind::Unhealthy);
    }
}

#[test]
fn all_have_to_stay_healthy_for_the_monitor_period() {
    let begun = Instant::now();
    let mut rollout = Rollout::new(NEW.to_owned(), &policy(), true, begun);
    let good = service(1, vec![up("a")]);
    assert_eq!(
        rollout.judge(&good, begun),
        Verdict::Monitoring(seconds(10))
    );
    assert_eq!(
        rollout.judge(&good, begun + seconds(9)),
        Verdict::Monitoring(seconds(1))
    );
    assert_eq!(rollout.judge(&good, begun + seconds(10)), Verdict::Healthy);
}

#[test]
fn another_task_in_the_place_of_a_healthy_one_begins_the_monitor_period_anew() {
    let begun = Instant::now();
    let mut rollout = Rollout::new(NEW.to_owned(), &policy(), true, begun);
    rollout.judge(&service(1, vec![up("a")]), begun);
    let other = service(1, vec![up("b")]);
    assert_eq!(
        rollout.judge(&other, begun + seconds(9)),
        Verdict::Monitoring(seconds(10))
    );
    // And so does a moment in which one was missing.
    rollout.judge(&service(1, vec![]), begun + seconds(12));
    assert_eq!(
        rollout.judge(&other, begun + seconds(13)),
        Verdict::Monitoring(seconds(10))
    );
}

#[test]
fn what_has_proved_itself_before_is_not_monitored() {
    let now = Instant::now();
    let mut rollout = Rollout::new(NEW.to_owned(), &policy(), false, now);
    assert_eq!(
        rollout.judge(&service(1, vec![up("a")]), now),
        Verdict::Healthy
    );
}

#[test]
fn a_task_has_its_own_deadline_from_when_it_was_first_seen() {
    let begun = Instant::now();
    let mut rollout = Rollout::new(NEW.to_owned(), &policy(), true, begun);
    let starting = |id: &str| service(1, vec![task(id, NEW, TaskState::Starting)]);
    assert_eq!(word(&rollout.judge(&starting("a"), begun)), "waiting");
    assert_eq!(
        word(&rollout.judge(&starting("a"), begun + seconds(60))),
        "waiting"
    );
    // Another one in its place has time of its own.
    assert_eq!(
        word(&rollout.judge(&starting("b"), begun + seconds(61))),
        "waiting"
    );
    let verdict = rollout.judge(&starting("a"), begun + seconds(62));
    let Verdict::Failed(failure) = verdict else {
        panic!("{verdict:?}")
    };
    assert!(
        failure.message.contains("was not healthy within 60 s"),
        "{}",
        failure.message
    );
    assert_eq!(failure.task.as_deref(), Some("a"));
}

#[test]
fn the_hint_says_where_a_late_task_is() {
    for (state, expected) in [
        (TaskState::Pending, "no node takes the task"),
        (TaskState::Preparing, "could not be pulled"),
        (TaskState::Starting, "health check"),
    ] {
        let begun = Instant::now();
        let mut rollout = Rollout::new(NEW.to_owned(), &policy(), true, begun);
        let late = service(1, vec![task("a", NEW, state)]);
        rollout.judge(&late, begun);
        let Verdict::Failed(failure) = rollout.judge(&late, begun + seconds(61)) else {
            panic!("{state:?} is not late")
        };
        assert!(
            failure.hint.contains(expected),
            "{state:?}: {}",
            failure.hint
        );
    }
}

#[test]
fn each_further_healthy_task_resets_the_deadline_of_progress() {
    let begun = Instant::now();
    let mut rollout = Rollout::new(NEW.to_owned(), &policy(), true, begun);
    assert_eq!(
        word(&rollout.judge(&service(3, vec![]), begun + seconds(100))),
        "waiting"
    );
    let one = service(3, vec![up("a")]);
    assert_eq!(word(&rollout.judge(&one, begun + seconds(100))), "waiting");
    assert_eq!(word(&rollout.judge(&one, begun + seconds(200))), "waiting");
    let two = service(3, vec![up("a"), up("b")]);
    assert_eq!(word(&rollout.judge(&two, begun + seconds(200))), "waiting");
    // Going back and forth is no progress.
    assert_eq!(word(&rollout.judge(&one, begun + seconds(250))), "waiting");
    assert_eq!(word(&rollout.judge(&two, begun + seconds(300))), "waiting");
    assert_eq!(
        word(&rollout.judge(&two, begun + seconds(301))),
        "timed out"
    );
}

#[test]
fn a_service_on_every_node_that_has_none_to_be_on_waits() {
    let nowhere = ObservedService {
        global: true,
        ..service(0, vec![])
    };
    assert_eq!(word(&first_look(&nowhere)), "waiting");
}

#[test]
fn what_an_outage_of_the_engine_ended_is_excused_and_a_crash_after_it_is_not() {
    let begun = Instant::now();
    let mut rollout = Rollout::new(NEW.to_owned(), &policy(), true, begun);
    rollout.judge(&service(1, vec![up("a")]), begun);
    let back = begun + seconds(40);
    let killed = service(
        1,
        vec![ended_with("a", 137), task("b", NEW, TaskState::Starting)],
    );
    rollout.excuse_outage(&killed, begun + seconds(1), back);
    assert_eq!(word(&rollout.judge(&killed, back)), "waiting");
    let again = service(1, vec![ended_with("a", 137), up("b")]);
    assert_eq!(
        rollout.judge(&again, back + seconds(1)),
        Verdict::Monitoring(seconds(10))
    );
    let crashed = service(1, vec![ended_with("a", 137), ended_with("b", 1)]);
    assert_eq!(word(&rollout.judge(&crashed, back + seconds(2))), "failed");
}

#[test]
fn a_death_that_becomes_known_late_is_excused_for_a_while_only() {
    let begun = Instant::now();
    let back = begun + seconds(40);
    let after = |code, later: Duration| {
        let mut rollout = Rollout::new(NEW.to_owned(), &policy(), true, begun);
        let seen = service(1, vec![up("a")]);
        rollout.excuse_outage(&seen, begun, back);
        rollout.judge(&seen, back);
        word(&rollout.judge(&service(1, vec![ended_with("a", code)]), back + later))
    };
    assert_eq!(after(137, seconds(5)), "waiting");
    assert_eq!(after(1, seconds(5)), "failed", "it ended by itself");
    assert_eq!(
        after(137, seconds(20)),
        "failed",
        "too late to be the engine's doing"
    );
}

#[test]
fn neither_a_rejected_nor_an_unhealthy_task_is_ever_excused() {
    let unhealthy = ObservedTask {
        error: Some("dockerexec: unhealthy container".to_owned()),
        ..ended_with("a", 137)
    };
    for task in [unhealthy, task("a", NEW, TaskState::Rejected)] {
        let now = Instant::now();
        let seen = service(1, vec![task]);
        let mut rollout = Rollout::new(NEW.to_owned(), &policy(), true, now);
        rollout.excuse_outage(&seen, now, now);
        rollout.excuse_killed(&seen);
        assert_eq!(word(&rollout.judge(&seen, now)), "failed");
    }
}

#[test]
fn a_successor_excuses_what_was_killed_but_not_what_ended_by_itself() {
    for (code, expected) in [(137, "waiting"), (1, "failed")] {
        let now = Instant::now();
        let seen = service(1, vec![ended_with("a", code)]);
        let mut rollout = Rollout::new(NEW.to_owned(), &policy(), true, now);
        rollout.excuse_killed(&seen);
        assert_eq!(word(&rollout.judge(&seen, now)), expected, "{code}");
    }
}

#[test]
fn tasks_that_are_kept_are_not_judged_by_their_past() {
    let now = Instant::now();
    let seen = service(1, vec![ended_with("a", 1), up("b")]);
    let mut rollout = Rollout::new(NEW.to_owned(), &policy(), false, now);
    rollout.excuse_ended(&seen);
    assert_eq!(word(&rollout.judge(&seen, now)), "healthy");
}

#[test]
fn time_in_which_the_engine_was_away_does_not_count() {
    let begun = Instant::now();
    let mut rollout = Rollout::new(NEW.to_owned(), &policy(), true, begun);
    let late = service(1, vec![task("a", NEW, TaskState::Starting)]);
    rollout.judge(&late, begun);
    rollout.excuse_outage(&late, begun + seconds(10), begun + seconds(90));
    assert_eq!(word(&rollout.judge(&late, begun + seconds(130))), "waiting");
    assert_eq!(
        word(&rollout.judge(&late, begun + seconds(141))),
        "timed out"
    );
}

#[test]
fn the_live_view_shows_what_is_up_and_what_is_new() {
    let now = Instant::now();
    let rollout = Rollout::new(NEW.to_owned(), &policy(), true, now);
    let seen = service(
        1,
        vec![
            ObservedTask {
                health: TaskHealth::Healthy,
                ..up("a")
            },
            task("o", OLD, TaskState::Running),
            task("gone", OLD, TaskState::Shutdown),
        ],
    );
    let views = rollout.views(&seen);
    let shown: Vec<_> = views
        .iter()
        .map(|view| (view.id.as_str(), view.state.as_str(), view.new))
        .collect();
    assert_eq!(shown, [("o", "running", false), ("a", "healthy", true)]);
    let many = service(
        200,
        (0..200).map(|number| up(&number.to_string())).collect(),
    );
    assert_eq!(rollout.views(&many).len(), TASK_VIEWS_MAX);
}
