//! A long queue of one project next to a single deployment of another.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use dokploy_core::runtime::ContainerRuntime as _;
use dokploy_core::runtime::{DockerOptions, DockerRuntime, OwnedKind, label};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::api::{Api, text};
use crate::installation::{Installation, Shop, eventually, works};

/// Deployments of one project that wait.
const QUEUED: usize = 10_000;

/// How long one deployment may take, on a machine that does much at once.
const SLOT: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_queued_of_one_project_delay_another_by_no_more_than_a_slot() -> Result<()> {
    let Some(installation) = Installation::new().await? else {
        return Ok(());
    };
    // It may start one deployment in a minute, so that everything after the first one waits.
    let rate = [("DOKPLOY_DEPLOY_RATE", "1/min")];
    let slow = installation.server_with("slow", &rate).await?;
    let crowd = installation.shop(&slow, 2).await?;
    for application in &crowd.applications {
        order(&crowd.owner, application).await?;
    }
    let modest = installation.another_shop(&crowd.owner, 1).await?;
    multiply(&installation, &crowd.applications[1]).await?;

    let fast = installation.server("fast").await?;
    works(&fast, 3).await?;
    let owner = modest.owner.at(fast.address);
    let answer = order(&owner, &modest.applications[0]).await?;
    let path = format!("/api/deployments/{}", text(&answer["id"])?);
    let started = eventually("it is started", SLOT, async || {
        let deployment = owner.get(&path).await?.expect(200)?;
        Ok(deployment.get("startedAt").is_some().then_some(deployment))
    })
    .await?;
    let (accepted, began) = (text(&started["createdAt"])?, text(&started["startedAt"])?);
    let overtaking = started_between(&installation, &crowd, &accepted, &began).await?;
    println!("{overtaking} of {QUEUED} were started before it");
    ensure!(
        overtaking <= 1,
        "{overtaking} of the long queue were started before it"
    );
    let waiting = owner.get("/api/status").await?.expect(200)?;
    ensure!(
        waiting["queue"]["waiting"].as_u64() > Some(9_000),
        "{waiting}"
    );

    fast.kill().await?;
    slow.kill().await?;
    for shop in [&crowd, &modest] {
        remove_services(&installation, shop).await?;
    }
    Ok(())
}

async fn order(api: &Api, application: &str) -> Result<Value> {
    let path = format!("/api/applications/{application}/deploy");
    api.post(&path, &json!({})).await?.expect(202)
}

/// Copies an application and its deployment that waits, until the queue is long.
async fn multiply(installation: &Installation, application: &str) -> Result<()> {
    let id = |table: &str, number: &str| format!("md5('{table}' || {number})::uuid");
    let (copies, applications, deployments) = (
        format!("generate_series(2, {QUEUED}) AS copy"),
        id("application", "copy"),
        id("deployment", "copy"),
    );
    let columns = "kind, target_release_id, request, spec, created_at, updated_at, seq, status, \
                   cancel_requested, state, queue, queued_at";
    let statement = format!(
        "INSERT INTO applications (id, version, project_id, name, service_name, spec, stopped, created_at, updated_at)
         SELECT {applications}, version, project_id, name || copy, service_name || copy, spec, stopped, created_at, updated_at
         FROM applications, {copies} WHERE id = '{application}';
         INSERT INTO deployments (id, application_id, project_id, service_name, {columns})
         SELECT {deployments}, {applications}, project_id, service_name || copy, {columns}
         FROM deployments, {copies} WHERE application_id = '{application}';
         INSERT INTO events (deployment_id, seq, happened_at, fact)
         SELECT {deployments}, seq, happened_at, fact FROM events, {copies}
         WHERE deployment_id IN (SELECT id FROM deployments WHERE application_id = '{application}')"
    );
    ask(installation, &statement).await.map(drop)
}

/// How many deployments of a shop were started between two moments.
async fn started_between(
    installation: &Installation,
    shop: &Shop,
    from: &str,
    to: &str,
) -> Result<usize> {
    let micros = |time: &str| format!("extract(epoch FROM timestamptz '{time}') * 1000000");
    let statement = format!(
        "SELECT count(*) FROM deployments WHERE project_id = '{}' AND claimed_at > {} AND claimed_at < {}",
        shop.project,
        micros(from),
        micros(to)
    );
    let count = ask(installation, &statement).await?;
    count.trim().parse().context(count)
}

async fn ask(installation: &Installation, statement: &str) -> Result<String> {
    let url = installation.postgres.url();
    let asked = Command::new("psql")
        .args([&url, "-Atq", "-v", "ON_ERROR_STOP=1", "-c", statement])
        .output()
        .await?;
    ensure!(asked.status.success(), "{asked:?}");
    Ok(String::from_utf8(asked.stdout)?)
}

/// Removes what was made of a shop whose servers are gone.
async fn remove_services(installation: &Installation, shop: &Shop) -> Result<()> {
    let runtime = DockerRuntime::new(DockerOptions {
        host: installation.environment.docker_host.clone(),
        ..DockerOptions::default()
    })?;
    let labels = [(label::PROJECT.to_owned(), shop.project.clone())].into();
    for service in runtime.list_owned(OwnedKind::Service, &labels).await? {
        runtime.remove_owned(&service).await?;
    }
    Ok(())
}
