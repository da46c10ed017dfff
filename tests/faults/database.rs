//! PostgreSQL crashes and comes back while deployments run.

use anyhow::{Result, ensure};
use dokploy_core::deployment::Status;
use dokploy_core::{DeployRequest, Deployer};
use dokploy_tests::assembly::Assembly;
use dokploy_tests::environment::Environment;
use dokploy_tests::postgres::Postgres;
use dokploy_tests::scene::{DEADLINE, Scene, ensure_status};

use crate::AGENT;

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_crashes_in_each_phase_loses_and_fails_nothing() -> Result<()> {
    let Some(environment) = Environment::find() else {
        return Ok(());
    };
    let mut postgres = Postgres::start().await?;
    let directory = tempfile::tempdir()?;
    let assembly = Assembly {
        database_url: postgres.url(),
        lease_millis: 6_000,
        ..Assembly::sqlite(&environment.docker_host, directory.path().to_path_buf())
    };
    let scene = Scene::new(assembly, AGENT, &environment.base_image, "pgcrash").await?;
    let agent = scene.agent(None).await?;
    for (round, step) in ["build_image", "apply_service", "await_healthy"]
        .iter()
        .enumerate()
    {
        scene.commit_good(&format!("round {round}")).await?;
        let handle = scene.accept().await?;
        scene.wait_for(&handle, "step_started", step).await?;
        postgres.crash().await?;
        let refused = scene
            .observer
            .deploy(DeployRequest::of(scene.application.id))
            .await;
        ensure!(
            refused.is_err_and(|error| error.is_retryable()),
            "a database that is away is worth a retry"
        );
        postgres.resume().await?;
        let done = handle.wait(DEADLINE).await?;
        ensure_status(&done, Status::Success)?;
        scene.check_log(&handle).await?;
        ensure!(
            Some(scene.serving().await?) == scene.current_release().await?,
            "another release serves"
        );
    }
    ensure!(agent.stop().await?, "the same process worked all the time");
    scene.remove().await
}
