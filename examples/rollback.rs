//! A bad version is rolled back by itself, a good one by hand.
//!
//! `cargo run -p dokploy-examples --example rollback -- <path or URL of a repository with a Dockerfile>`

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use dokploy_core::deployment::Status;
use dokploy_core::id::ApplicationId;
use dokploy_core::model::{ApplicationSpec, Deployment, EnvDelivery, EnvValue, EnvVar, GitSource};
use dokploy_core::source::NetworkPolicy;
use dokploy_core::{DeployRequest, Deployer, Engine, OpenOptions, RollbackRequest};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
#[expect(clippy::disallowed_methods, reason = "a program reads its environment")]
async fn main() -> Result<()> {
    let repo_url = std::env::args()
        .nth(1)
        .context("the URL of a repository is expected")?;
    let data = tempfile::tempdir()?;
    let engine = Engine::open(OpenOptions {
        data_dir: data.path().to_path_buf(),
        docker_host: std::env::var("DOCKER_HOST").ok(),
        network: NetworkPolicy::trusting(),
        ..OpenOptions::default()
    })
    .await?;
    let project = engine.create_project("examples", "").await?;
    let mut spec = ApplicationSpec::named(format!("rollback-{}", std::process::id()));
    spec.git_source = Some(GitSource::branch(&repo_url, "main"));
    spec.update.monitor = Duration::from_secs(2);
    let application = engine.create_application(project.id, spec.clone()).await?;
    let id = application.id;
    ensure!(deploy(&engine, id).await?.state.status == Status::Success);

    // A version that cannot start: the release before is restored and verified, and the failure says what was seen.
    spec.command = Some(vec!["/no/such/program".to_owned()]);
    change(&engine, id, &spec).await?;
    let bad = deploy(&engine, id).await?;
    println!("bad version: {}: {}", bad.state.status, bad.state.message);
    ensure!(bad.state.status == Status::RolledBack);

    // A version that runs but that somebody does not like: a person goes back.
    spec.command = None;
    spec.env_vars.push(EnvVar {
        key: "COLOUR".to_owned(),
        value: EnvValue::Plain("green".to_owned()),
        delivery: EnvDelivery::Env,
    });
    change(&engine, id, &spec).await?;
    let green = deploy(&engine, id).await?;
    ensure!(green.state.status == Status::Success);
    let request = RollbackRequest {
        application: id,
        release: None,
        actor: None,
        idempotency_key: None,
    };
    let back = engine
        .roll_back(request)
        .await?
        .wait(Duration::from_mins(2))
        .await?;
    let green = engine.find(green.id).await?.context("it is there")?;
    println!(
        "rollback: {}; the deployment before is now {}",
        back.state.status, green.state.status
    );

    engine.delete_application(id).await?;
    engine.shutdown().await;
    ensure!(back.state.status == Status::Success && green.state.status == Status::RolledBack);
    Ok(())
}

async fn change(engine: &Engine, id: ApplicationId, spec: &ApplicationSpec) -> Result<()> {
    let stored = engine
        .store()
        .find_application(id)
        .await?
        .context("it is there")?;
    engine
        .update_application(id, stored.version, spec.clone())
        .await?;
    Ok(())
}

async fn deploy(engine: &Engine, id: ApplicationId) -> Result<Deployment> {
    let deployment = engine.deploy(DeployRequest::of(id)).await?;
    Ok(deployment.wait(Duration::from_mins(2)).await?)
}
