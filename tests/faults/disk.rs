//! Disks that are full, and have room again.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use dokploy_core::deployment::Status;
use dokploy_core::model::Deployment;
use dokploy_tests::assembly::Assembly;
use dokploy_tests::disk::{self, SmallDisk};
use dokploy_tests::environment::Environment;
use dokploy_tests::node::Node;
use dokploy_tests::scene::{DEADLINE, Scene, ensure_status};

use crate::AGENT;

/// What runs: the tasks, and the release that they are of.
async fn running(scene: &Scene) -> Result<(String, Vec<String>)> {
    let tasks = scene.observe().await?.tasks;
    let wanted = tasks.into_iter().filter(|task| task.wanted);
    let ids = wanted.map(|task| task.id).collect();
    Ok((scene.serving().await?, ids))
}

/// Checks that a deployment failed, without having touched anything, and that it says that a disk is full.
fn ensure_says_full(deployment: &Deployment) -> Result<()> {
    ensure_status(deployment, Status::Failed)?;
    let failure = deployment.state.failure.as_ref();
    let failure = failure.context("it says why")?;
    let said = format!("{} {:?}", failure.message, failure.causes).to_lowercase();
    ensure!(
        said.contains("no space left") || said.contains("disk is full"),
        "{failure:#?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_the_engine_fails_new_builds_and_leaves_alone_what_runs() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    // Most of it is what Swarm takes for its own log, in advance.
    let node = Node::up_on_small_disk("fulldisk", 320).await?;
    node.load_base_image().await?;
    let directory = tempfile::tempdir()?;
    let assembly = Assembly::sqlite(node.docker_host(), directory.path().to_path_buf());
    let scene = Scene::new(assembly, AGENT, &environment.base_image, "enginefull").await?;
    scene.commit_good("one").await?;
    let agent = scene.agent(None).await?;
    let first = scene.accept().await?;
    ensure_status(&first.wait(DEADLINE).await?, Status::Success)?;
    let before = running(&scene).await?;
    disk::fill(&node.disk()?)?;
    scene.commit_good("two").await?;
    let second = scene.accept().await?;
    let done = second.wait(DEADLINE).await?;
    ensure_says_full(&done)?;
    let hint = done.state.failure.and_then(|failure| failure.hint);
    ensure!(
        hint.as_deref().unwrap_or_default().contains("free space"),
        "{hint:?}"
    );
    ensure!(running(&scene).await? == before, "what runs was touched");
    disk::free(&node.disk()?)?;
    let third = scene.accept().await?;
    ensure_status(&third.wait(DEADLINE).await?, Status::Success)?;
    ensure!(
        Some(scene.serving().await?) == scene.current_release().await?,
        "another release serves"
    );
    ensure!(agent.stop().await?, "the same process worked all the time");
    scene.remove().await
}

/// Where database, mirrors and logs are.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_ours_stops_new_deployments_and_leaves_alone_what_runs() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let small = SmallDisk::new(24).await?;
    let assembly = Assembly::sqlite(&environment.docker_host, small.path().to_path_buf());
    let scene = Scene::new(assembly, AGENT, &environment.base_image, "datafull").await?;
    scene.commit_good("one").await?;
    let agent = scene.agent(None).await?;
    let first = scene.accept().await?;
    ensure_status(&first.wait(DEADLINE).await?, Status::Success)?;
    let before = running(&scene).await?;
    disk::fill(small.path())?;
    scene.commit_good("two").await?;
    // Either it is refused, or what was accepted waits for room or says that there is none.
    match scene.accept().await {
        Err(error) => {
            let said = format!("{error:#}").to_lowercase();
            ensure!(said.contains("full") || said.contains("space"), "{said}");
        }
        Ok(handle) => match handle.wait(Duration::from_secs(20)).await {
            Ok(done) => ensure_says_full(&done)?,
            Err(error) => ensure!(error.is_retryable(), "{error:?}"),
        },
    }
    ensure!(running(&scene).await? == before, "what runs was touched");
    disk::free(small.path())?;
    let last = scene.accept().await?;
    ensure_status(&last.wait(DEADLINE).await?, Status::Success)?;
    scene.check_log(&last).await?;
    ensure!(
        Some(scene.serving().await?) == scene.current_release().await?,
        "another release serves"
    );
    ensure!(agent.stop().await?, "the same process worked all the time");
    scene.remove().await
}
