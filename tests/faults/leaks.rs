//! What many deployments leave behind: nothing.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use dokploy_core::deployment::Status;
use dokploy_core::model::{DeploymentRequest, RestartCondition};
use dokploy_core::{DeployRequest, Deployer};
use dokploy_tests::assembly::Assembly;
use dokploy_tests::environment::Environment;
use dokploy_tests::node::Node;
use dokploy_tests::process::Process;
use dokploy_tests::scene::{DEADLINE, Scene, ensure_status};
use futures::future::try_join_all;
use tokio::process::Command;

use crate::AGENT;

/// Applications that deploy at once.
const APPLICATIONS: usize = 8;

/// Deployments of a round of one application.
const ROUND: usize = 7;

/// How many files and connections may be open more or less than before: the pools breathe.
const BREATH: usize = 8;

/// Name of the file of the database. Up to ten connections have it open, and a file beside it: as many as there were
/// users at once.
const DATABASE: &str = "dokploy.db";

/// Each way in which a deployment can end, one after the other.
async fn round(scene: &Scene, number: usize) -> Result<()> {
    let deploy = async |force| {
        let request = DeployRequest {
            request: DeploymentRequest {
                force,
                ..DeploymentRequest::default()
            },
            ..DeployRequest::of(scene.application.id)
        };
        anyhow::Ok(scene.observer.deploy(request).await?)
    };
    let end = async |status| ensure_status(&deploy(false).await?.wait(DEADLINE).await?, status);
    scene.commit_good(&format!("good {number}")).await?;
    end(Status::Success).await?;
    // The same once more changes nothing, and builds nothing.
    end(Status::Success).await?;
    let forced = deploy(true).await?;
    ensure_status(&forced.wait(DEADLINE).await?, Status::Success)?;
    scene
        .commit_unbuildable(&format!("unbuildable {number}"))
        .await?;
    end(Status::Failed).await?;
    scene.commit_bad().await?;
    end(Status::RolledBack).await?;
    for step in ["build_image", "await_healthy"] {
        scene
            .commit_good(&format!("cancelled {number} {step}"))
            .await?;
        let handle = deploy(false).await?;
        scene.wait_for(&handle, "step_started", step).await?;
        handle.cancel(None).await?;
        ensure_status(&handle.wait(DEADLINE).await?, Status::Cancelled)?;
    }
    Ok(())
}

/// Everything that an engine has, by kind.
async fn inventory(node: &Node) -> Result<Vec<(&'static str, Vec<String>)>> {
    let kinds: [(&str, &[&str]); 6] = [
        ("containers", &["ps", "--all", "--format", "{{.Names}}"]),
        ("services", &["service", "ls", "--format", "{{.Name}}"]),
        ("networks", &["network", "ls", "--format", "{{.Name}}"]),
        ("volumes", &["volume", "ls", "--format", "{{.Name}}"]),
        ("secrets", &["secret", "ls", "--format", "{{.Name}}"]),
        (
            "images",
            &[
                "image",
                "ls",
                "--all",
                "--format",
                "{{.Repository}}:{{.Tag}} {{.ID}}",
            ],
        ),
    ];
    let mut inventory = Vec::new();
    for (kind, arguments) in kinds {
        let mut docker = Command::new("docker");
        let listed = docker.args(["--host", node.docker_host()]).args(arguments);
        let listed = listed.output().await?;
        ensure!(listed.status.success(), "{kind}: {listed:?}");
        let text = String::from_utf8(listed.stdout)?;
        let mut names: Vec<_> = text.lines().map(str::to_owned).collect();
        names.sort();
        inventory.push((kind, names));
    }
    Ok(inventory)
}

/// Everything below a directory, but for what is kept on purpose: the database.
fn files(directory: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![directory.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.to_string_lossy().contains(DATABASE) {
                found.push(path.display().to_string());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Files and connections that a process has open, but for those of its database.
fn open_files(process: &Process) -> Result<Vec<String>> {
    let mut open = process.open_files()?;
    open.retain(|file| !file.contains(DATABASE));
    open.sort();
    Ok(open)
}

/// Waits until as many files and connections are open as before.
async fn ensure_closed(process: &Process, before: &[String]) -> Result<()> {
    let mut open = Vec::new();
    for _ in 0..100 {
        open = open_files(process)?;
        if open.len().abs_diff(before.len()) <= BREATH {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bail!("open before: {before:#?} now: {open:#?}")
}

async fn deploy_all(
    assembly: &Assembly,
    environment: &Environment,
    rounds: usize,
) -> Result<Vec<Scene>> {
    let scene = async |index: usize| {
        let name = format!("leak{rounds}-{index}");
        let image = &environment.base_image;
        let scene = Scene::with_spec(assembly.clone(), AGENT, image, &name, |spec| {
            // What has failed says so once, and is not started again and again next to seven others.
            spec.restart.condition = RestartCondition::None;
        });
        let scene = scene.await?;
        for number in 0..rounds {
            round(&scene, number).await?;
        }
        anyhow::Ok(scene)
    };
    try_join_all((0..APPLICATIONS).map(scene)).await
}

/// A quarter of the two hundred deployments that are promised is a round of each application; with
/// `DOKPLOY_TEST_ROUNDS` set to 4, there are more than two hundred.
#[tokio::test(flavor = "multi_thread")]
async fn many_deployments_of_every_kind_leave_nothing_behind() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let node = Node::up("leaks", None).await?;
    node.load_base_image().await?;
    let directory = tempfile::tempdir()?;
    let assembly = Assembly {
        concurrency: APPLICATIONS,
        ..Assembly::sqlite(node.docker_host(), directory.path().to_path_buf())
    };
    // One application that comes and goes makes what is kept for all of them: the common network.
    let first = Scene::new(
        assembly.clone(),
        AGENT,
        &environment.base_image,
        "leakfirst",
    )
    .await?;
    first.commit_good("one").await?;
    let agent = first.agent(None).await?;
    let process = Process::of(agent.id().unwrap_or_default());
    ensure_status(
        &first.accept().await?.wait(DEADLINE).await?,
        Status::Success,
    )?;
    first.remove().await?;
    let (had, kept) = (inventory(&node).await?, files(directory.path())?);
    let open = open_files(&process)?;
    let scenes = deploy_all(&assembly, &environment, environment.rounds).await?;
    for scene in scenes {
        scene.remove().await?;
    }
    let has = inventory(&node).await?;
    for (before, after) in had.iter().zip(&has) {
        ensure!(before == after, "before: {before:#?} after: {after:#?}");
    }
    let left = files(directory.path())?;
    ensure!(left == kept, "files before: {kept:#?} after: {left:#?}");
    ensure_closed(&process, &open).await?;
    ensure!(agent.stop().await?, "a graceful stop ends with exit code 0");
    let deployed = APPLICATIONS * ROUND * environment.rounds;
    ensure!(deployed >= 50, "{deployed} deployments");
    Ok(())
}
