//! What Swarm says about an update is not asked. Each of these was seen on a real engine: what it said, and what was
//! true.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use dokploy_core::deployment::{Reason, Status};
use dokploy_core::error::ErrorKind;
use dokploy_core::model::{ApplicationSpec, CommandLine, HealthCheck, UpdateOrder};
use dokploy_tests::assembly::Assembly;
use dokploy_tests::environment::Environment;
use dokploy_tests::scene::{DEADLINE, Scene, ensure_status};

use crate::AGENT;

struct Stage {
    scene: Scene,
    _directory: tempfile::TempDir,
}

async fn stage(
    environment: &Environment,
    name: &str,
    change: impl FnOnce(&mut ApplicationSpec),
) -> Result<Stage> {
    let directory = tempfile::tempdir()?;
    let assembly = Assembly::sqlite(&environment.docker_host, directory.path().to_path_buf());
    let scene = Scene::with_spec(assembly, AGENT, &environment.base_image, name, change).await?;
    Ok(Stage {
        scene,
        _directory: directory,
    })
}

fn crash_after(seconds: u32) -> String {
    format!(r#"["/bin/busybox", "sh", "-c", "echo out of luck; sleep {seconds}; exit 3"]"#)
}

/// Without a health check, running is all that is known.
fn without_health_check(spec: &mut ApplicationSpec) {
    spec.health_check = None;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_crashes_late_is_caught_within_the_monitor_period() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let stage = stage(&environment, "late", |spec| {
        without_health_check(spec);
        spec.update.monitor = Duration::from_secs(12);
    })
    .await?;
    let scene = stage.scene;
    scene.commit_good("one").await?;
    ensure_status(&scene.deploy().await?, Status::Success)?;
    let good = scene.current_release().await?;
    scene
        .repository
        .commit_application(&environment.base_image, "late", &crash_after(9))
        .await?;
    let done = scene.deploy().await?;
    ensure_status(&done, Status::RolledBack)?;
    let failure = done.state.failure.context("it says why")?;
    ensure!(
        failure
            .evidence
            .iter()
            .any(|line| line.contains("out of luck")),
        "{failure:#?}"
    );
    ensure!(failure.message.contains("exit code 3"), "{failure:#?}");
    ensure!(
        Some(scene.serving().await?) == good,
        "the release before serves"
    );
    scene.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_deployment_that_crashes_is_stopped_and_says_so() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let stage = stage(&environment, "first", without_health_check).await?;
    let scene = stage.scene;
    scene
        .repository
        .commit_application(&environment.base_image, "first", &crash_after(0))
        .await?;
    let done = scene.deploy().await?;
    ensure_status(&done, Status::Failed)?;
    ensure!(
        done.state.reason == Reason::NothingToRestore,
        "{:#?}",
        done.state
    );
    ensure!(
        scene.observe().await?.replicas == 0,
        "the broken service does not flap"
    );
    scene.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_no_node_takes_ends_at_the_deadline() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let stage = stage(&environment, "unplaced", |spec| {
        spec.update.healthy_deadline = Duration::from_secs(3);
    })
    .await?;
    let scene = stage.scene;
    scene.commit_good("one").await?;
    ensure_status(&scene.deploy().await?, Status::Success)?;
    let good = scene.current_release().await?;
    let mut spec = scene.application.spec.clone();
    // More than any machine has: constraints that no node meets are refused before anything is changed.
    spec.memory_reservation = Some(1 << 24);
    spec.update.healthy_deadline = Duration::from_secs(3);
    let version = scene
        .observer
        .store()
        .find_application(scene.application.id)
        .await?;
    let version = version.context("it is there")?.version;
    scene
        .observer
        .update_application(scene.application.id, version, spec)
        .await?;
    let done = scene.deploy().await?;
    ensure_status(&done, Status::RolledBack)?;
    ensure!(
        done.state.reason == Reason::DeadlineExceeded,
        "{:#?}",
        done.state
    );
    let failure = done.state.failure.context("it says why")?;
    ensure!(
        failure
            .hint
            .as_deref()
            .unwrap_or_default()
            .contains("constraints"),
        "{failure:#?}"
    );
    ensure!(
        Some(scene.serving().await?) == good,
        "the release before serves"
    );
    scene.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_health_check_that_never_passes_ends_in_a_rollback() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let stage = stage(&environment, "sick", |spec| {
        let probe = ["/bin/busybox", "grep", "-q", "well", "/www/index.html"];
        spec.health_check = Some(HealthCheck {
            interval: Duration::from_millis(500),
            timeout: Duration::from_secs(2),
            retries: 4,
            ..HealthCheck::new(CommandLine::Exec(probe.map(str::to_owned).to_vec()))
        });
    })
    .await?;
    let scene = stage.scene;
    scene.commit_good("well").await?;
    ensure_status(&scene.deploy().await?, Status::Success)?;
    let good = scene.current_release().await?;
    scene.commit_good("sick").await?;
    let done = scene.deploy().await?;
    ensure_status(&done, Status::RolledBack)?;
    ensure!(
        done.state.failure.context("it says why")?.code == ErrorKind::Unhealthy,
        "of the right kind"
    );
    ensure!(
        Some(scene.serving().await?) == good,
        "the release before serves"
    );
    scene.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_whose_image_is_gone_is_reported_as_failed() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    // The old task is stopped first: an image cannot be removed while a container of it runs.
    let stage = stage(&environment, "pruned", |spec| {
        without_health_check(spec);
        spec.update.order = Some(UpdateOrder::StopFirst);
        spec.update.healthy_deadline = Duration::from_secs(10);
        spec.update.monitor = Duration::from_secs(10);
    })
    .await?;
    let scene = stage.scene;
    scene.commit_good("one").await?;
    ensure_status(&scene.deploy().await?, Status::Success)?;
    let good = scene.observe().await?.image;
    // Somebody else prunes, while nothing but the task that is about to crash runs.
    scene
        .repository
        .commit_application(&environment.base_image, "pruned", &crash_after(5))
        .await?;
    let agent = scene.agent(None).await?;
    let handle = scene.accept().await?;
    scene
        .wait_for(&handle, "step_started", "await_healthy")
        .await?;
    remove_image(&environment, &good).await?;
    let done = handle.wait(DEADLINE).await?;
    ensure!(agent.stop().await?, "a graceful stop ends with exit code 0");
    ensure_status(&done, Status::Failed)?;
    ensure!(
        done.state.reason == Reason::RollbackFailed,
        "{:#?}",
        done.state
    );
    let causes = done.state.failure.context("it says why")?.causes;
    ensure!(
        causes.iter().any(|cause| cause.contains("No such image")),
        "{causes:#?}"
    );
    scene.remove().await
}

/// Removes an image as soon as no container of it runs, and makes sure that it is gone: a mere name of it is not asked
/// for, because taking that away would leave the image.
async fn remove_image(environment: &Environment, image: &str) -> Result<()> {
    ensure!(image.starts_with("sha256:"), "{image} is only a name");
    let docker = async |arguments: &[&str]| {
        tokio::process::Command::new("docker")
            .args(["--host", &environment.docker_host, "image"])
            .args(arguments)
            .output()
            .await
    };
    for _ in 0..100 {
        if docker(&["rm", "--force", image]).await?.status.success() {
            let found = docker(&["inspect", image]).await?;
            ensure!(!found.status.success(), "the image is still there");
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the image is still in use")
}
