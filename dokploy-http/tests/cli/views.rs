//! How a deployment looks: told in advance, shown by each view, compared line by line.

use dokploy_core::deployment::{Event, EventKind, Step};
use dokploy_http::cli::exit::Exit;
use dokploy_http::cli::view::{Board, JsonView, LiveView, PlainView, View};
use serde_json::Value;

use crate::place::json_lines;
use crate::story::{
    self, at, deployment, events, failed_build, line, progressed, rollback, started, success,
    up_to_the_rollout,
};

fn show(view: &mut dyn View, told: &[Event]) {
    for event in told {
        view.event(event);
        if matches!(
            event.kind,
            EventKind::StepStarted {
                step: Step::BuildImage
            }
        ) {
            view.line(&line(Step::BuildImage, "\u{1b}[1mstep 1\u{1b}[0m of 2"));
            view.line(&line(Step::BuildImage, "make: no rule"));
        }
    }
    let deployment = deployment(told);
    view.end(&deployment, Exit::of_status(deployment.state.status), &[]);
}

fn plain(told: &[Event]) -> String {
    let mut view = PlainView::new(Vec::new());
    show(&mut view, told);
    String::from_utf8(view.into_output()).unwrap()
}

fn frame(told: &[Event], now: u64) -> String {
    let mut board = Board::default();
    for event in told {
        board.event(event);
    }
    let lines = board.frame(at(now), '*', 40);
    lines
        .iter()
        .map(|line| line.text().trim_end().to_owned() + "\n")
        .collect()
}

#[test]
fn a_success_is_told_in_plain_lines() {
    let expected = "    \
    0.1 s  resolve source
    0.3 s  resolve source: 1a2b3c4 Say hello
    0.3 s  fetch source
    0.5 s  fetch source: done
    0.5 s  build image
           | step 1 of 2
           | make: no rule
    4.5 s  build image: web:1a2b3c4
    4.5 s  apply service
    4.6 s  apply service: Swarm has the new specification
    4.6 s  await healthy
    5.0 s    task 1 (new) is starting
    5.0 s    0 of 2 healthy
    7.0 s    task 1 (new) is healthy
    7.0 s    task 2 (new) is healthy
    7.0 s    all 2 healthy; watching them for 30 s
   37.0 s  await healthy: done
✔ success  web runs and is healthy  (36.9 s)
  deployment 0198f000-0000-7000-8000-000000000001
";
    assert_eq!(plain(&events(success())), expected);
}

#[test]
fn a_rollback_says_what_failed_on_which_step_why_and_what_to_do() {
    let shown = plain(&events(rollback()));
    let expected = "
    8.0 s  await healthy failed: task 1 ended with exit code 7
    8.0 s  restore previous
    9.0 s  restore previous: the previous release serves again
✘ rolled_back  task 1 ended with exit code 7  (8.9 s)
  step       await healthy
  code       unhealthy
  because    the task is abc
  evidence   | cannot find the database
             | giving up
  next       look at the log of the task
  serving    the previous release, which was checked to be healthy
  deployment 0198f000-0000-7000-8000-000000000001
  whole log  dokploy logs 0198f000-0000-7000-8000-000000000001
";
    assert!(shown.ends_with(expected), "{shown}");
}

#[test]
fn output_that_was_shown_is_not_repeated_as_evidence() {
    let shown = plain(&events(failed_build()));
    assert_eq!(shown.matches("make: no rule").count(), 1, "{shown}");
    assert!(
        shown.contains("serving    what served before: the service was not touched"),
        "{shown}"
    );
    let mut quiet = PlainView::quiet(Vec::new());
    show(&mut quiet, &events(failed_build()));
    let quiet = String::from_utf8(quiet.into_output()).unwrap();
    assert!(
        quiet.starts_with("✘ failed") && quiet.contains("evidence   | make: no rule"),
        "{quiet}"
    );
}

#[test]
fn a_terminal_has_a_line_for_each_step_and_each_task() {
    let expected = "  \
  ✔ resolve source      0.2 s  1a2b3c4 Say hello
  ✔ fetch source        0.2 s
  ✔ build image         4.0 s  web:1a2b3c4
  ✔ apply service       0.1 s  Swarm has the new specification
  * await healthy       2.4 s  0 of 2 healthy
      task 1   new  starting    2.0 s
      task 1   old  running     2.0 s
";
    assert_eq!(frame(&events(up_to_the_rollout()), 7000), expected);
}

#[test]
fn a_task_keeps_its_time_until_its_state_changes() {
    let mut told = up_to_the_rollout();
    told.push(progressed(
        6000,
        "1 of 2 healthy",
        &[("1", "starting", true), ("1", "failed", false)],
        None,
    ));
    let shown = frame(&events(told), 7000);
    assert!(shown.contains("task 1   new  starting    2.0 s"), "{shown}");
    assert!(shown.contains("task 1   old  failed      1.0 s"), "{shown}");
}

#[test]
fn the_monitor_period_is_counted_down() {
    let mut told = success();
    told.truncate(told.len() - 2);
    let told = events(told);
    assert!(frame(&told, 7000).contains("if they stay so for 30 s more"));
    assert!(frame(&told, 20_500).contains("if they stay so for 17 s more"));
    assert!(frame(&told, 50_000).contains("if they stay so for 0 s more"));
    assert!(!frame(&events(success()), 50_000).contains("stay so"));
}

#[test]
fn build_output_is_folded_while_it_runs_and_gone_when_it_is_done() {
    let told = events(up_to_the_rollout());
    let mut board = Board::default();
    for event in &told[..7] {
        board.event(event);
    }
    for number in 1..=9 {
        board.line(&line(Step::BuildImage, &format!("line {number}")));
    }
    let text = |board: &Board| {
        let lines = board.frame(at(1500), '*', 40);
        lines
            .iter()
            .map(|line| line.text() + "\n")
            .collect::<String>()
    };
    let running = text(&board);
    assert!(
        !running.contains("line 3\n") && running.contains("│ line 4\n"),
        "{running}"
    );
    assert!(running.ends_with("│ line 9\n"), "{running}");
    board.event(&told[7]);
    assert!(!text(&board).contains("line 9"));
}

#[test]
fn a_service_of_many_tasks_leaves_room_for_the_rest() {
    let tasks: Vec<_> = (0..50).map(|number| number.to_string()).collect();
    let tasks: Vec<_> = tasks
        .iter()
        .map(|slot| (slot.as_str(), "starting", true))
        .collect();
    let mut told = up_to_the_rollout();
    told.push(progressed(6000, "0 of 50 healthy", &tasks, None));
    let mut board = Board::default();
    for event in &events(told) {
        board.event(event);
    }
    let frame = board.frame(at(7000), '*', 24);
    assert!(frame.len() < 24, "{}", frame.len());
    assert!(
        frame
            .iter()
            .any(|line| line.text().contains("… and 42 more tasks"))
    );
}

#[test]
fn a_deployment_that_waits_says_so() {
    let mut told = up_to_the_rollout();
    told.truncate(1);
    assert_eq!(
        frame(&events(told), 4000),
        "  * waiting for its turn  4.0 s\n"
    );
}

#[test]
fn a_step_that_begins_again_after_a_crash_is_shown_once() {
    let mut told = up_to_the_rollout();
    told.truncate(7);
    let worker = dokploy_core::id::WorkerId::new();
    told.push((
        30_000,
        EventKind::Claimed {
            worker,
            epoch: 2,
            attempt: 2,
        },
    ));
    told.push(started(30_000, Step::BuildImage));
    let shown = frame(&events(told), 31_000);
    assert_eq!(shown.matches("build image").count(), 1, "{shown}");
    assert!(shown.contains("* build image         1.0 s"), "{shown}");
    assert!(
        shown.contains("! its worker was lost: another one goes on"),
        "{shown}"
    );
}

#[test]
fn a_live_view_shows_all_output_of_a_failed_build_and_no_colour_unless_asked() {
    let told = events(failed_build());
    let mut screen = Vec::new();
    {
        let mut view = LiveView::new(&mut screen, false);
        for event in &told {
            view.event(event);
        }
        let log = [
            line(Step::BuildImage, "first"),
            line(Step::BuildImage, "\u{1b}[31mlast"),
        ];
        view.end(&deployment(&told), Exit::Failed, &log);
    }
    let screen = String::from_utf8(screen).unwrap();
    let last = screen.rsplit("\u{1b}[J").next().unwrap();
    assert!(
        last.contains("Output of build image:\n  | first\n  | last\n"),
        "{last:?}"
    );
    assert!(!last.contains("evidence"), "{last:?}");
    // Cursor and erasing need sequences too; those of colours end in `m`.
    let mut sequences = screen.split("\u{1b}[").skip(1);
    let is_colour = |sequence: &str| {
        sequence
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
            .starts_with('m')
    };
    assert!(!sequences.any(is_colour), "{screen:?}");
    assert!(screen.ends_with("\u{1b}[?25h"), "the cursor is shown again");
}

#[test]
fn json_is_one_object_a_line_and_ends_in_one_result() {
    let told = events(rollback());
    let mut view = JsonView::new(Vec::new());
    show(&mut view, &told);
    let output = String::from_utf8(view.into_output()).unwrap();
    let lines = json_lines(&output);
    assert_eq!(lines.len(), told.len() + 2 + 1);
    assert!(
        output
            .lines()
            .last()
            .unwrap()
            .starts_with(r#"{"type":"result","exitCode":3,"status":"rolled_back""#)
    );
    let logged = lines.iter().filter(|line| line["type"] == "log").count();
    assert_eq!(logged, 2);
    let numbers: Vec<_> = lines
        .iter()
        .filter(|line| line["type"] != "log")
        .filter_map(|line| line["seq"].as_u64())
        .collect();
    assert_eq!(numbers, (1..=told.len() as u64).collect::<Vec<_>>());
    let result: &Value = &lines.last().unwrap()["deployment"];
    assert_eq!(result["id"], story::ID);
    assert_eq!(result["failure"]["code"], "unhealthy");
    assert_eq!(result["failure"]["evidence"][0], "cannot find the database");
    assert_eq!(result["commitSha"].as_str().unwrap().len(), 48);
    assert_eq!(result["steps"][0]["name"], "resolve_source");
}
