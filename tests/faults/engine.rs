//! The container engine crashes or hangs in each phase of a deployment.

use std::time::Duration;

use anyhow::{Result, ensure};
use dokploy_core::deployment::Status;
use dokploy_tests::assembly::Assembly;
use dokploy_tests::environment::Environment;
use dokploy_tests::node::Node;
use dokploy_tests::scene::{DEADLINE, Scene, ensure_status};

use crate::AGENT;

async fn scene(
    node: &Node,
    environment: &Environment,
    directory: &std::path::Path,
    name: &str,
) -> Result<Scene> {
    node.load_base_image().await?;
    let assembly = Assembly::sqlite(node.docker_host(), directory.to_path_buf());
    Scene::new(assembly, AGENT, &environment.base_image, name).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_crashes_in_each_phase_fails_no_deployment() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let mut node = Node::up("crashing", None).await?;
    let directory = tempfile::tempdir()?;
    let scene = scene(&node, &environment, directory.path(), "enginecrash").await?;
    let agent = scene.agent(None).await?;
    for (round, step) in ["build_image", "apply_service", "await_healthy"]
        .iter()
        .enumerate()
    {
        scene.commit_good(&format!("round {round}")).await?;
        let handle = scene.accept().await?;
        scene.wait_for(&handle, "step_started", step).await?;
        node.kill_engine().await?;
        node.recover().await?;
        ensure_status(&handle.wait(DEADLINE).await?, Status::Success)?;
        ensure!(
            Some(scene.serving().await?) == scene.current_release().await?,
            "another release serves"
        );
    }
    // Swarm calls an update `completed` when its engine was restarted in the middle of it, whatever becomes of it.
    let good = scene.current_release().await?;
    scene.commit_bad().await?;
    let handle = scene.accept().await?;
    scene
        .wait_for(&handle, "step_started", "await_healthy")
        .await?;
    node.kill_engine().await?;
    node.recover().await?;
    ensure_status(&handle.wait(DEADLINE).await?, Status::RolledBack)?;
    ensure!(
        Some(scene.serving().await?) == good,
        "the release before serves"
    );
    ensure!(agent.stop().await?, "a graceful stop ends with exit code 0");
    scene.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_hangs_for_a_while_fails_no_deployment() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let node = Node::up("hanging", None).await?;
    let directory = tempfile::tempdir()?;
    let scene = scene(&node, &environment, directory.path(), "enginehang").await?;
    let agent = scene.agent(None).await?;
    for (round, step) in ["build_image", "apply_service", "await_healthy"]
        .iter()
        .enumerate()
    {
        scene.commit_good(&format!("round {round}")).await?;
        let handle = scene.accept().await?;
        scene.wait_for(&handle, "step_started", step).await?;
        node.pause_engine().await?;
        tokio::time::sleep(Duration::from_secs(5)).await;
        node.resume_engine().await?;
        ensure_status(&handle.wait(DEADLINE).await?, Status::Success)?;
        ensure!(
            Some(scene.serving().await?) == scene.current_release().await?,
            "another release serves"
        );
    }
    ensure!(agent.stop().await?, "a graceful stop ends with exit code 0");
    scene.remove().await
}
