//! Clocks that jump, and clocks of several machines that differ.

use anyhow::{Result, ensure};
use dokploy_core::deployment::Status;
use dokploy_tests::assembly::Assembly;
use dokploy_tests::clock::WallClock;
use dokploy_tests::environment::Environment;
use dokploy_tests::postgres;
use dokploy_tests::scene::{DEADLINE, Scene, ensure_status};
use futures::future::try_join_all;

use crate::AGENT;

/// An hour in seconds: longer than any lease and any deadline.
const HOUR: i64 = 60 * 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_in_the_middle_of_a_deployment_harms_nothing() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    let assembly = Assembly::sqlite(&environment.docker_host, directory.path().to_path_buf());
    let scene = Scene::new(assembly, AGENT, &environment.base_image, "clockjump").await?;
    let clock = WallClock::new()?;
    let agent = scene.agent_by(&clock).await?;
    let jumps = [
        ("build_image", HOUR),
        ("apply_service", -HOUR),
        ("await_healthy", HOUR),
        ("await_healthy", 0),
    ];
    for (round, (step, ahead)) in jumps.into_iter().enumerate() {
        scene.commit_good(&format!("round {round}")).await?;
        let handle = scene.accept().await?;
        scene.wait_for(&handle, "step_started", step).await?;
        clock.set(ahead)?;
        let done = handle.wait(DEADLINE).await?;
        ensure_status(&done, Status::Success)?;
        // SQLite has no clock but that of the machine: a jump ends a lease, and the work is taken up once more.
        ensure!(done.state.attempt <= 2, "taken from it again and again");
        scene.check_log(&handle).await?;
        ensure!(
            Some(scene.serving().await?) == scene.current_release().await?,
            "another release serves"
        );
    }
    ensure!(agent.stop().await?, "a graceful stop ends with exit code 0");
    scene.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_whose_clocks_are_hours_apart_respect_each_others_leases() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let name = format!("clocks_{}", std::process::id());
    let database_url = postgres::database(&environment.postgres_url, &name).await?;
    let directory = tempfile::tempdir()?;
    let assembly = Assembly {
        database_url,
        lease_millis: 6_000,
        ..Assembly::sqlite(&environment.docker_host, directory.path().to_path_buf())
    };
    let mut scenes = Vec::new();
    for index in 0..4 {
        let name = format!("clock{index}");
        scenes.push(Scene::new(assembly.clone(), AGENT, &environment.base_image, &name).await?);
    }
    try_join_all(scenes.iter().map(|scene| scene.commit_good("one"))).await?;
    let (ahead, behind) = (WallClock::new()?, WallClock::new()?);
    ahead.set(HOUR)?;
    behind.set(-HOUR)?;
    let agents = [
        scenes[0].agent_by(&ahead).await?,
        scenes[0].agent_by(&behind).await?,
    ];
    let handles = try_join_all(scenes.iter().map(Scene::accept)).await?;
    for handle in &handles {
        ensure_status(&handle.wait(DEADLINE).await?, Status::Success)?;
        let claims = Scene::claims(handle).await?;
        ensure!(claims.len() == 1, "taken from its worker: {claims:?}");
    }
    for agent in agents {
        ensure!(agent.stop().await?, "a graceful stop ends with exit code 0");
    }
    for scene in scenes {
        scene.remove().await?;
    }
    postgres::drop_database(&environment.postgres_url, &name).await
}
