//! A swarm of two nodes loses one in the middle of a rollout.

use anyhow::{Context, Result, ensure};
use dokploy_core::deployment::Status;
use dokploy_core::runtime::{ContainerRuntime, TaskState};
use dokploy_tests::assembly::Assembly;
use dokploy_tests::environment::Environment;
use dokploy_tests::node::Node;
use dokploy_tests::scene::{DEADLINE, Scene, ensure_status};

use crate::AGENT;

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_goes_on_to_its_success_when_a_node_is_lost_in_the_middle() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let manager = Node::up("manager", None).await?;
    let worker = Node::up("worker", Some(&manager)).await?;
    manager.load_base_image().await?;
    let directory = tempfile::tempdir()?;
    let assembly = Assembly::sqlite(manager.docker_host(), directory.path().to_path_buf());
    let registry = environment.registry.clone();
    let scene = Scene::with_spec(
        assembly,
        AGENT,
        &environment.base_image,
        "nodeloss",
        |spec| {
            // Both nodes have to be able to pull what one of them built.
            spec.registry = Some(format!("{registry}/nodeloss"));
            spec.replicas = 4;
        },
    )
    .await?;
    scene.commit_good("one").await?;
    let agent = scene.agent(None).await?;
    let first = scene.accept().await?;
    ensure_status(&first.wait(DEADLINE).await?, Status::Success)?;
    ensure!(
        on_node(&scene, worker.node_id()).await? > 0,
        "tasks run on both nodes"
    );
    scene.commit_good("two").await?;
    let handle = scene.accept().await?;
    scene
        .wait_for(&handle, "step_started", "await_healthy")
        .await?;
    worker.cut_power().await?;
    ensure_status(&handle.wait(DEADLINE).await?, Status::Success)?;
    let released = handle.get().await?.state.release_id;
    ensure!(
        Some(scene.serving().await?) == released.map(|release| release.to_string()),
        "another release serves"
    );
    ensure!(
        on_node(&scene, worker.node_id()).await? == 0,
        "the lost node runs nothing"
    );
    ensure!(agent.stop().await?, "a graceful stop ends with exit code 0");
    drop(worker);
    scene.remove().await
}

async fn on_node(scene: &Scene, node: &str) -> Result<usize> {
    let service = scene.observe().await?;
    let running = service
        .tasks
        .iter()
        .filter(|task| task.wanted && task.state == TaskState::Running);
    Ok(running
        .filter(|task| task.node.as_deref() == Some(node))
        .count())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_without_a_registry_is_refused_on_several_nodes() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let manager = Node::up("several", None).await?;
    let _worker = Node::up("several2", Some(&manager)).await?;
    manager.load_base_image().await?;
    let directory = tempfile::tempdir()?;
    let assembly = Assembly::sqlite(manager.docker_host(), directory.path().to_path_buf());
    let scene = Scene::new(assembly, AGENT, &environment.base_image, "noregistry").await?;
    scene.commit_good("one").await?;
    let done = scene.deploy().await?;
    ensure_status(&done, Status::Failed)?;
    let hint = done
        .state
        .failure
        .context("it says why")?
        .hint
        .unwrap_or_default();
    ensure!(
        hint.contains("registry"),
        "the hint names the way out: {hint}"
    );
    let runtime = scene.assembly.runtime()?;
    let service = runtime
        .observe_service(&scene.application.service_name)
        .await?;
    ensure!(service.is_none(), "no service was made");
    scene.remove().await
}
