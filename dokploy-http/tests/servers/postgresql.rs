//! PostgreSQL crashes, and cuts its connections, while people use the servers.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use tokio::process::Command;

use crate::api::Api;
use crate::installation::{Installation, Shop, is_ready, works};
use crate::ledger::check_services;
use crate::load::Load;
use crate::witness::Watchers;

/// Longest that an answer may take while the database is away.
const ANSWER_MAX: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_and_cuts_connections_loses_nothing_that_was_accepted() -> Result<()>
{
    let Some(mut installation) = Installation::new().await? else {
        return Ok(());
    };
    let mut servers = [
        installation.server("one").await?,
        installation.server("two").await?,
    ];
    let shop = installation.shop(&servers[0], 6).await?;
    let mut load = Load::start(&shop, &[servers[0].address, servers[1].address]);
    load.goes_on(20).await?;
    works(&servers[0], 1).await?;
    let watchers = Watchers::of_what_runs(&shop, &servers[1]).await?;

    installation.postgres.crash().await?;
    for server in &servers {
        is_away(&shop, &shop.owner.at(server.address)).await?;
    }
    installation.postgres.resume().await?;
    for server in &servers {
        is_ready(server).await?;
    }
    load.goes_on(20).await?;

    for _ in 0..3 {
        cut_connections(&installation.postgres.url()).await?;
        load.goes_on(5).await?;
    }
    let ledger = load.finish().await?;
    ensure!(
        ledger.away > 0,
        "orders came in while it was away: {ledger:?}"
    );
    let histories = ledger.settle(&shop, &shop.owner).await?;
    for history in &histories {
        ensure!(
            history.succeeded() || history.was_superseded(),
            "{history:#?}"
        );
    }
    for seen in watchers.finish().await? {
        seen.check(&shop.owner).await?;
    }
    check_services(&shop, &shop.owner, &installation.environment).await?;
    for server in &mut servers {
        ensure!(server.runs()?, "it has ended: {}", server.log()?);
    }
    shop.close(&servers[0]).await
}

/// Checks what a server says while its database is away. All is asked at once: each answer waits for a connection.
async fn is_away(shop: &Shop, owner: &Api) -> Result<()> {
    let order = format!("/api/applications/{}/deploy", shop.applications[0]);
    let account = json!({"username": "owner", "password": "correct horse battery"});
    let nobody = Api::new(owner.address)?;
    let (empty, reads) = (
        json!({}),
        ["/api/applications", "/api/status", "/api/auth/me"],
    );
    let (alive, readiness, mut answers, ordered, signed_in) = futures::try_join!(
        owner.get("/healthz"),
        owner.get("/readyz"),
        futures::future::try_join_all(reads.map(|path| owner.get(path))),
        owner.post(&order, &empty),
        nobody.post("/api/auth/login", &account),
    )?;
    answers.extend([ordered, signed_in]);
    ensure!(alive.took < Duration::from_secs(1), "{alive:?}");
    alive.expect(200)?;
    ensure!(readiness.took < Duration::from_secs(3), "{readiness:?}");
    let parts = readiness.expect(503)?;
    let expected = json!({"status": "unready", "store": "down", "engine": "up", "redis": "up"});
    ensure!(parts == expected, "{parts}");
    for answer in answers {
        answer.is_away()?;
        ensure!(answer.took < ANSWER_MAX, "{answer:?}");
    }
    Ok(())
}

async fn cut_connections(url: &str) -> Result<()> {
    let statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let cut = Command::new("psql")
        .args([url, "-Atqc", statement])
        .output()
        .await?;
    ensure!(cut.status.success(), "{cut:?}");
    ensure!(cut.stdout.contains(&b't'), "there was no connection");
    Ok(())
}
