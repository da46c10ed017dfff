//! Servers on one PostgreSQL and one Redis that nobody else uses, and what people have made there.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use dokploy_core::id::ProcessId;
use dokploy_tests::environment::Environment;
use dokploy_tests::postgres::Postgres;
use dokploy_tests::redis::Redis;
use serde_json::{Value, json};

use crate::api::{Api, text};
use crate::server::Server;

/// Deployments that a server works on at once.
pub(crate) const AT_ONCE: usize = 3;

/// How long a server may take to see that everything is back.
const READY_WITHIN: Duration = Duration::from_secs(15);

/// Seals the secrets of all servers of an installation.
const KEY: &str = "u7OeW2mGr0vPyB8N4sJkQxLh1TfCiZpAoDdXgRw5EYk=";

/// What servers share.
pub(crate) struct Installation {
    pub(crate) environment: Environment,
    pub(crate) postgres: Postgres,
    pub(crate) redis: Redis,
    directory: tempfile::TempDir,
}

/// The first account, its project and its applications.
pub(crate) struct Shop {
    pub(crate) owner: Api,
    pub(crate) project: String,
    pub(crate) applications: Vec<String>,
}

impl Installation {
    /// Starts what servers share, or answers `None` after having said that the test is skipped.
    pub(crate) async fn new() -> Result<Option<Self>> {
        let Some(environment) = Environment::find() else {
            return Ok(None);
        };
        Ok(Some(Self {
            environment,
            postgres: Postgres::start().await?,
            redis: Redis::start().await?,
            directory: tempfile::tempdir()?,
        }))
    }

    /// Starts a server with a data directory of its own.
    pub(crate) async fn server(&self, name: &str) -> Result<Server> {
        self.server_with(name, &[]).await
    }

    /// The same with other variables.
    pub(crate) async fn server_with(&self, name: &str, more: &[(&str, &str)]) -> Result<Server> {
        let (database, redis) = (self.postgres.url(), self.redis.url());
        let at_once = AT_ONCE.to_string();
        let mut variables = vec![
            ("DATABASE_URL", database.as_str()),
            ("REDIS_URL", redis.as_str()),
            ("DOCKER_HOST", self.environment.docker_host.as_str()),
            ("DOKPLOY_SECRET_KEY", KEY),
            ("DOKPLOY_DEPLOY_CONCURRENCY", &at_once),
            ("DOKPLOY_DEPLOY_RATE", "100000/min"),
            ("DOKPLOY_RATE_LIMIT", "60000/min"),
        ];
        variables.extend(more);
        Server::start(&self.path(name), &variables).await
    }

    /// A place for files of the test.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Makes the first account, a project and applications in it.
    pub(crate) async fn shop(&self, server: &Server, applications: usize) -> Result<Shop> {
        let owner = register(server).await?;
        self.another_shop(&owner, applications).await
    }

    /// Makes a project of somebody and applications in it.
    pub(crate) async fn another_shop(&self, owner: &Api, applications: usize) -> Result<Shop> {
        let unique = ProcessId::new().to_string();
        let name = format!("shop{}", &unique[unique.len() - 12..]);
        let made = owner.post("/api/projects", &json!({"name": name})).await?;
        let mut shop = Shop {
            project: text(&made.expect(201)?["id"])?,
            owner: owner.clone(),
            applications: Vec::new(),
        };
        for number in 0..applications {
            let body = self.application(&shop.project, &format!("app{number}"));
            let made = shop.owner.post("/api/applications", &body).await?;
            shop.applications.push(text(&made.expect(201)?["id"])?);
        }
        Ok(shop)
    }

    /// An application of an image that the engine has, which runs at once and is watched for a moment.
    fn application(&self, project: &str, name: &str) -> Value {
        json!({
            "projectId": project,
            "name": name,
            "image": self.environment.base_image,
            "command": ["/bin/busybox", "sh", "-c", "trap 'exit 0' TERM; sleep 1000000 & wait"],
            "endpointMode": "dnsrr",
            "stopGrace": 1,
            "update": {"delay": 0, "monitor": 0.5}
        })
    }
}

/// Makes the first account.
pub(crate) async fn register(server: &Server) -> Result<Api> {
    let nobody = Api::new(server.address)?;
    let account = json!({"username": "owner", "password": "correct horse battery"});
    let made = nobody.post("/api/auth/register", &account).await?;
    Ok(nobody.with(&text(&made.expect(201)?["token"])?))
}

impl Shop {
    /// Removes the services, through a server that lives.
    pub(crate) async fn close(&self, server: &Server) -> Result<()> {
        let owner = self.owner.at(server.address);
        let body = json!({"action": "delete", "ids": self.applications});
        let answer = owner.post("/api/applications/bulk", &body).await?;
        answer.expect(207).map(drop)
    }
}

/// Asks again and again until the answer is the right one.
pub(crate) async fn eventually<T>(
    what: &str,
    within: Duration,
    mut ask: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await.with_context(|| what.to_owned())? {
            return Ok(answer);
        }
        ensure!(begun.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until a server says that everything is there.
pub(crate) async fn is_ready(server: &Server) -> Result<()> {
    let anybody = Api::new(server.address)?;
    eventually("the server is ready", READY_WITHIN, async || {
        let ready = anybody.get("/readyz").await?;
        Ok((ready.body["status"] == "ready").then_some(()))
    })
    .await
}

/// Waits until a server works on this many deployments.
pub(crate) async fn works(server: &Server, deployments: usize) -> Result<()> {
    let scrape = Api::new(server.address)?;
    eventually("the server works", Duration::from_secs(30), async || {
        let text = scrape.get("/api/metrics/prometheus").await?.text;
        let held = text
            .lines()
            .find_map(|line| line.strip_prefix("dokploy_leases_held "));
        let held: usize = held.context("there is no such metric")?.trim().parse()?;
        Ok((held >= deployments).then_some(()))
    })
    .await
}
