//! The saga suite: every step twice, a failure and a crash at every point, the log cut after every event.

mod cut;
mod scene;

use dokploy_core::deployment::{Reason, Status, Step};
use dokploy_core::engine::Point;

use self::scene::{Scenario, Scene};
use crate::world::{Action, Script, outcome};

/// The points that an undisturbed run of a scenario passes.
async fn points_of(scenario: Scenario) -> Vec<Point> {
    let scene = Scene::new(scenario, Script::new()).await;
    let passed_before = scene.script.passed().len();
    let ended = scene.run().await;
    assert_eq!(outcome(&ended), scenario.outcome(), "{scenario:?}");
    let points = scene.script.passed()[passed_before..].to_vec();
    scene.check(&ended, scenario.outcome()).await;
    points
}

#[tokio::test(start_paused = true)]
async fn every_scenario_ends_as_it_should() {
    for scenario in Scenario::ALL {
        points_of(scenario).await;
    }
}

#[tokio::test(start_paused = true)]
async fn every_step_twice_is_the_same_as_once() {
    for scenario in Scenario::ALL {
        for step in Step::ALL {
            let scene = Scene::new(scenario, Script::new()).await;
            scene.script.repeat(&[step]);
            let ended = scene.run().await;
            assert_eq!(outcome(&ended), scenario.outcome(), "{scenario:?} {step}");
            scene.check(&ended, scenario.outcome()).await;
        }
        let scene = Scene::new(scenario, Script::new()).await;
        scene.script.repeat(&Step::ALL);
        let ended = scene.run().await;
        assert_eq!(
            outcome(&ended),
            scenario.outcome(),
            "{scenario:?}, all of them"
        );
        scene.check(&ended, scenario.outcome()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_at_every_point_leaves_a_clean_slate_and_the_previous_version_serving() {
    for scenario in Scenario::ALL {
        for point in points_of(scenario).await {
            let scene = Scene::new(scenario, Script::new()).await;
            scene.script.add(point, Action::Fail);
            let ended = scene.run().await;
            let expected = after_failure(scenario, point);
            assert_eq!(outcome(&ended), expected, "{scenario:?} {point:?}");
            scene.check(&ended, expected).await;
        }
    }
}

/// What a failure at a point has to lead to.
fn after_failure(scenario: Scenario, point: Point) -> (Status, Reason) {
    let step = match point {
        // No step fails at these: the worker ends, and the next one goes on.
        Point::Claimed | Point::BeforeEnd | Point::Ended => return scenario.outcome(),
        Point::BeforeEffect(step) | Point::AfterEffect(step) | Point::Written(step) => step,
    };
    let touched = step > Step::ApplyService
        || step == Step::ApplyService && point != Point::BeforeEffect(step);
    match (scenario, step) {
        // Restoring is done and written: what comes after it does not undo it.
        (Scenario::SecondBad | Scenario::FirstBad | Scenario::Cancelled, Step::RestorePrevious) => {
            (Status::Failed, Reason::RollbackFailed)
        }
        _ if !touched => (Status::Failed, Reason::StepFailed),
        (Scenario::Rollback | Scenario::RollbackBad, _) => (Status::Failed, Reason::RollbackFailed),
        (Scenario::FirstGood | Scenario::FirstBad, _) => (Status::Failed, Reason::NothingToRestore),
        (Scenario::Unchanged, _) => (Status::Failed, Reason::StepFailed),
        _ => (Status::RolledBack, Reason::StepFailed),
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_every_point_is_resumed_and_ends_as_if_nothing_had_happened() {
    for scenario in Scenario::ALL {
        for point in points_of(scenario).await {
            let scene = Scene::new(scenario, Script::new()).await;
            scene.script.add(point, Action::Crash);
            let ended = scene.run_through_crashes(1).await;
            assert_eq!(
                outcome(&ended),
                scenario.outcome(),
                "{scenario:?} {point:?}"
            );
            scene.check(&ended, scenario.outcome()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_crashes_at_every_point_are_survived_as_well() {
    for scenario in [Scenario::SecondGood, Scenario::SecondBad] {
        for point in points_of(scenario).await {
            if point == Point::Ended {
                continue;
            }
            let scene = Scene::new(scenario, Script::new()).await;
            scene.script.add(point, Action::Crash);
            let ended = scene.run_through_crashes(2).await;
            assert_eq!(
                outcome(&ended),
                scenario.outcome(),
                "{scenario:?} {point:?}"
            );
            scene.check(&ended, scenario.outcome()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_costs_three_workers_fails_and_is_not_tried_a_fourth_time() {
    for step in [Step::BuildImage, Step::ApplyService, Step::AwaitHealthy] {
        let point = Point::BeforeEffect(step);
        let scene = Scene::new(Scenario::SecondGood, Script::new()).await;
        scene.script.add(point, Action::Crash);
        let ended = scene.run_through_crashes(3).await;
        let status = if step > Step::ApplyService {
            Status::RolledBack
        } else {
            Status::Failed
        };
        assert_eq!(outcome(&ended), (status, Reason::WorkerLost), "{step}");
        let failure = ended.state.failure.as_ref().unwrap();
        assert!(
            failure.message.contains("lost 3 times"),
            "{}",
            failure.message
        );
        scene.check(&ended, (status, Reason::WorkerLost)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn restoring_that_costs_worker_after_worker_is_given_up() {
    let scene = Scene::new(Scenario::SecondBad, Script::new()).await;
    scene
        .script
        .add(Point::BeforeEffect(Step::RestorePrevious), Action::Crash);
    let ended = scene.run_through_crashes(20).await;
    assert_eq!(outcome(&ended), (Status::Failed, Reason::RollbackFailed));
    assert_eq!(ended.state.attempt, 7);
}
