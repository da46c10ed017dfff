//! What a server says of its parts: each fault moves exactly the right answer.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::net::UnixListener;

use crate::api::{Api, text};
use crate::installation::{AT_ONCE, Installation, Shop, eventually};
use crate::ledger::check_services;

/// How long a server may take to see that a part is away, or back.
const SEEN_WITHIN: Duration = Duration::from_secs(15);

/// What a server says when it is asked for its health.
#[derive(Debug, PartialEq)]
struct Health {
    alive: u16,
    ready: u16,
    parts: Value,
}

impl Health {
    fn with(ready: u16, status: &str, away: &str) -> Self {
        let mut parts = json!({"status": status, "store": "up", "engine": "up", "redis": "up"});
        if !away.is_empty() {
            parts[away] = json!("down");
        }
        Self {
            alive: 200,
            ready,
            parts,
        }
    }

    async fn of(api: &Api) -> Result<Self> {
        let (alive, ready) = (api.get("/healthz").await?, api.get("/readyz").await?);
        ensure!(alive.took < Duration::from_secs(1), "{alive:?}");
        ensure!(ready.took < Duration::from_secs(3), "{ready:?}");
        Ok(Self {
            alive: alive.status,
            ready: ready.status,
            parts: ready.body,
        })
    }
}

/// Waits until a server says this of itself.
async fn becomes(api: &Api, expected: Health) -> Result<()> {
    eventually(&format!("{expected:?}"), SEEN_WITHIN, async || {
        Ok((Health::of(api).await? == expected).then_some(()))
    })
    .await
}

/// A way to the container engine that can be closed.
struct Way<'a> {
    real: &'a Path,
    link: &'a Path,
}

impl Way<'_> {
    fn open(&self) -> Result<()> {
        Ok(std::os::unix::fs::symlink(self.real, self.link)?)
    }

    fn close(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.link)?)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_moves_exactly_the_right_answer() -> Result<()> {
    let Some(mut installation) = Installation::new().await? else {
        return Ok(());
    };
    let link = installation.path("engine.sock");
    let host = installation.environment.docker_host.clone();
    let way = Way {
        real: Path::new(host.trim_start_matches("unix://")),
        link: &link,
    };
    way.open()?;
    let docker_host = format!("unix://{}", link.display());
    let more = [("DOCKER_HOST", docker_host.as_str())];
    let server = installation.server_with("one", &more).await?;
    let shop = installation.shop(&server, AT_ONCE + 1).await?;
    let api = &shop.owner;
    becomes(api, Health::with(200, "ready", "")).await?;

    installation.redis.crash().await?;
    becomes(api, Health::with(200, "degraded", "redis")).await?;
    ensure!(
        status(api).await?["engine"]["swarmManager"] == true,
        "the engine is there"
    );
    installation.redis.resume().await?;
    becomes(api, Health::with(200, "ready", "")).await?;

    installation.postgres.crash().await?;
    becomes(api, Health::with(503, "unready", "store")).await?;
    api.get("/api/status").await?.is_away()?;
    installation.postgres.resume().await?;
    becomes(api, Health::with(200, "ready", "")).await?;

    way.close()?;
    becomes(api, Health::with(200, "degraded", "engine")).await?;
    waits_for_the_engine(&shop).await?;
    // One that accepts connections and answers nothing is as one that is away.
    let hanging = UnixListener::bind(way.link)?;
    becomes(api, Health::with(200, "degraded", "engine")).await?;
    ensure!(
        status(api).await?.get("engine").is_none(),
        "a hanging engine is no engine"
    );
    drop(hanging);
    way.close()?;
    way.open()?;
    becomes(api, Health::with(200, "ready", "")).await?;
    let found = status(api).await?;
    ensure!(found["engine"]["diskFree"].as_u64() > Some(0), "{found}");
    drained(&shop).await?;
    check_services(&shop, api, &installation.environment).await?;
    shop.close(&server).await
}

/// Orders while the engine is away: what waits is counted, and nothing fails.
async fn waits_for_the_engine(shop: &Shop) -> Result<()> {
    for application in &shop.applications {
        let path = format!("/api/applications/{application}/deploy");
        shop.owner.post(&path, &json!({})).await?.expect(202)?;
    }
    let aged = eventually("the queue grows old", SEEN_WITHIN, async || {
        let found = status(&shop.owner).await?;
        let is_old = found["queue"]["oldestWait"].as_f64() > Some(1.0);
        Ok(is_old.then_some(found))
    })
    .await?;
    let (waiting, active) = (&aged["queue"]["waiting"], &aged["queue"]["active"]);
    ensure!(*waiting == 1 && *active == AT_ONCE, "{aged}");
    ensure!(aged.get("engine").is_none(), "{aged}");
    Ok(())
}

/// Waits until nothing waits and runs, and checks that everything has succeeded.
async fn drained(shop: &Shop) -> Result<()> {
    eventually("the queue is empty", Duration::from_mins(1), async || {
        let found = status(&shop.owner).await?;
        let open = (&found["queue"]["waiting"], &found["queue"]["active"]);
        Ok((*open.0 == 0 && *open.1 == 0).then_some(()))
    })
    .await?;
    let path = format!("/api/deployments?projectId={}", shop.project);
    let page = shop.owner.get(&path).await?.expect(200)?;
    for deployment in page["items"].as_array().into_iter().flatten() {
        let ended = text(&deployment["status"])?;
        ensure!(ended == "success", "{deployment}");
    }
    Ok(())
}

async fn status(api: &Api) -> Result<Value> {
    api.get("/api/status").await?.expect(200)
}
