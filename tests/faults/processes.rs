//! Several processes on one database, and processes that are killed or paused.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use dokploy_core::deployment::Status;
use dokploy_core::id::WorkerId;
use dokploy_core::{DeployRequest, Deployer};
use dokploy_tests::assembly::Assembly;
use dokploy_tests::environment::Environment;
use dokploy_tests::postgres;
use dokploy_tests::scene::{DEADLINE, Scene, ensure_status};
use futures::future::{join_all, try_join_all};

use crate::AGENT;

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_database_never_run_the_same_deployment() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let name = format!("pair_{}", std::process::id());
    let database_url = postgres::database(&environment.postgres_url, &name).await?;
    let directory = tempfile::tempdir()?;
    let assembly = Assembly {
        database_url,
        lease_millis: 6_000,
        ..Assembly::sqlite(&environment.docker_host, directory.path().to_path_buf())
    };
    let mut scenes = Vec::new();
    for index in 0..6 {
        let name = format!("pair{index}");
        scenes.push(Scene::new(assembly.clone(), AGENT, &environment.base_image, &name).await?);
    }
    try_join_all(scenes.iter().map(|scene| scene.commit_good("one"))).await?;
    let agents = try_join_all([scenes[0].agent(None), scenes[0].agent(None)]).await?;
    let handles = try_join_all(scenes.iter().map(Scene::accept)).await?;
    let mut deployments_of: BTreeMap<WorkerId, u32> = BTreeMap::new();
    for handle in &handles {
        ensure_status(&handle.wait(DEADLINE).await?, Status::Success)?;
        let claims = Scene::claims(handle).await?;
        ensure!(
            claims.len() == 1,
            "one claim for each deployment, not {claims:?}"
        );
        *deployments_of.entry(claims[0]).or_default() += 1;
    }
    ensure!(
        deployments_of.len() == 2,
        "both processes worked: {deployments_of:?}"
    );
    for stopped in join_all(agents.into_iter().map(dokploy_tests::agent::Agent::stop)).await {
        ensure!(stopped?, "a graceful stop ends with exit code 0");
    }
    for scene in scenes {
        scene.remove().await?;
    }
    postgres::drop_database(&environment.postgres_url, &name).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_of_a_killed_process_goes_on_in_another() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    let assembly = Assembly::sqlite(&environment.docker_host, directory.path().to_path_buf());
    let scene = Scene::new(assembly, AGENT, &environment.base_image, "killed").await?;
    for (round, step) in ["build_image", "await_healthy"].iter().enumerate() {
        scene.commit_good(&format!("round {round}")).await?;
        let first = scene.agent(None).await?;
        let handle = scene.accept().await?;
        scene.wait_for(&handle, "step_started", step).await?;
        first.kill().await?;
        let second = scene.agent(None).await?;
        ensure_status(&handle.wait(DEADLINE).await?, Status::Success)?;
        ensure!(
            Scene::claims(&handle).await?.len() == 2,
            "it was claimed again"
        );
        ensure!(
            second.stop().await?,
            "a graceful stop ends with exit code 0"
        );
        scene.check_log(&handle).await?;
    }
    ensure!(
        Some(scene.serving().await?) == scene.current_release().await?,
        "another release serves"
    );
    scene.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_was_paused_past_its_lease_changes_nothing_any_more() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    let assembly = Assembly::sqlite(&environment.docker_host, directory.path().to_path_buf());
    let scene = Scene::new(assembly, AGENT, &environment.base_image, "paused").await?;
    scene.commit_good("one").await?;
    let first = scene.agent(None).await?;
    let handle = scene.accept().await?;
    scene
        .wait_for(&handle, "step_started", "await_healthy")
        .await?;
    let pid = first.id().context("it runs")?.to_string();
    signal("STOP", &pid).await?;
    let second = scene.agent(None).await?;
    ensure_status(&handle.wait(DEADLINE).await?, Status::Success)?;
    let (events, version) = (
        handle.get().await?.state.seq,
        scene.observe().await?.version,
    );
    signal("CONT", &pid).await?;
    ensure!(first.stop().await?, "it notices that it is alone, and ends");
    ensure!(
        handle.get().await?.state.seq == events,
        "it has written something"
    );
    ensure!(
        scene.observe().await?.version == version,
        "it has changed the service"
    );
    ensure!(
        second.stop().await?,
        "a graceful stop ends with exit code 0"
    );
    scene.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_asked_to_stop_hands_its_work_over() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    let assembly = Assembly::sqlite(&environment.docker_host, directory.path().to_path_buf());
    let scene = Scene::new(assembly, AGENT, &environment.base_image, "handover").await?;
    for (round, step) in ["build_image", "apply_service", "await_healthy"]
        .iter()
        .enumerate()
    {
        scene.commit_good(&format!("round {round}")).await?;
        let first = scene.agent(None).await?;
        let handle = scene.accept().await?;
        scene.wait_for(&handle, "step_started", step).await?;
        ensure!(first.stop().await?, "a graceful stop ends with exit code 0");
        let second = scene.agent(None).await?;
        let done = handle.wait(DEADLINE).await?;
        ensure_status(&done, Status::Success)?;
        ensure!(done.state.attempt == 1, "handing back is no lost attempt");
        ensure!(
            second.stop().await?,
            "a graceful stop ends with exit code 0"
        );
    }
    scene.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_deployment_is_cancelled_from_another_process() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    let assembly = Assembly::sqlite(&environment.docker_host, directory.path().to_path_buf());
    let scene = Scene::new(assembly, AGENT, &environment.base_image, "cancel").await?;
    scene.commit_good("one").await?;
    ensure_status(&scene.deploy().await?, Status::Success)?;
    let before = scene.current_release().await?;
    let agent = scene.agent(None).await?;
    for (round, step) in ["build_image", "await_healthy"].iter().enumerate() {
        scene.commit_good(&format!("round {round}")).await?;
        let handle = scene
            .observer
            .deploy(DeployRequest::of(scene.application.id))
            .await?;
        scene.wait_for(&handle, "step_started", step).await?;
        handle.cancel(None).await?;
        ensure_status(&handle.wait(DEADLINE).await?, Status::Cancelled)?;
        ensure!(
            Some(scene.serving().await?) == before,
            "the release before serves"
        );
    }
    ensure!(agent.stop().await?, "a graceful stop ends with exit code 0");
    scene.remove().await
}

async fn signal(signal: &str, pid: &str) -> Result<()> {
    let status = tokio::process::Command::new("kill")
        .args(["-s", signal, pid])
        .status()
        .await?;
    ensure!(status.success(), "the signal {signal} was not delivered");
    Ok(())
}
