//! Scenarios over HTTP: engines behind servers, and somebody with a token.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use dokploy_tests::repository::Repository;
use dokploy_tests::scenario::{Asked, Place, Refusal, World};
use futures::StreamExt;
use futures::stream::BoxStream;
use serde_json::{Map, Value, json};

use crate::answers::{self, object};
use crate::client::Caller;
use crate::routes::{Request, Route};
use crate::server::Server;

/// Engines behind servers.
pub(crate) struct OverHttp {
    world: World,
    servers: BTreeMap<String, Server>,
    /// What the files of applications are committed to: no client has a directory on the machine of the server.
    repository: Option<Repository>,
    /// The first account, which is made when the first server is opened.
    caller: Caller,
    options: Map<String, Value>,
}

impl OverHttp {
    pub(crate) fn of(world: World) -> Self {
        Self {
            world,
            servers: BTreeMap::new(),
            repository: None,
            caller: Caller::new(),
            options: Map::new(),
        }
    }

    fn url(&self, name: &str) -> Result<&str> {
        let server = self.servers.get(name);
        Ok(&server.with_context(|| format!("there is no {name}"))?.url)
    }

    fn take(&mut self, name: &str) -> Result<Server> {
        let server = self.servers.remove(name);
        server.with_context(|| format!("there is no {name}"))
    }

    /// The name that the events of the scenarios have for who asks.
    async fn register(&mut self, name: &str) -> Result<()> {
        let request = Request {
            method: "POST".to_owned(),
            path: "/api/auth/register".to_owned(),
            body: Some(json!({"username": "tester", "password": "of the scenarios"})),
            ..Request::default()
        };
        let (status, body) = self.caller.send(self.url(name)?, &request).await?;
        ensure!(status == 201, "{body}");
        let token = body["token"].as_str().context("an account has a token")?;
        token.clone_into(&mut self.caller.token);
        Ok(())
    }

    async fn wait(&self, asked: &Asked) -> Result<()> {
        let deployment = asked.deployment.as_deref().context("a deployment")?;
        let seconds = asked.args["timeout"].as_f64().unwrap_or(f64::MAX);
        let mut events = self
            .caller
            .events(self.url(&asked.engine)?, deployment, 0)
            .await?;
        let ended = async {
            while let Some(event) = events.next().await {
                event?;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(Duration::from_secs_f64(seconds), ended).await?
    }
}

#[async_trait]
impl Place for OverHttp {
    const NAME: &'static str = "http";

    fn base_image(&self) -> &str {
        self.world.base_image()
    }

    async fn write_tree(&mut self, files: &BTreeMap<String, String>) -> Result<String> {
        let repository = Repository::new().await?;
        for (name, content) in files {
            repository.write(name, content)?;
        }
        repository.commit("the tree").await?;
        let path = repository.path().display().to_string();
        self.repository = Some(repository);
        Ok(path)
    }

    async fn open(
        &mut self,
        name: &str,
        process: bool,
        options: &Map<String, Value>,
    ) -> Result<()> {
        self.options.clone_from(options);
        let assembly = if process {
            self.world.assembly(options)?
        } else {
            None
        };
        let server = match assembly {
            Some(assembly) => Server::there(&assembly).await?,
            None => Server::here(self.world.engine(options).await?).await?,
        };
        self.servers.insert(name.to_owned(), server);
        if self.caller.token.is_empty() {
            self.register(name).await?;
        }
        Ok(())
    }

    async fn kill(&mut self, name: &str) -> Result<()> {
        self.take(name)?.kill().await
    }

    async fn close(&mut self, name: &str) -> Result<()> {
        self.take(name)?.close().await
    }

    async fn call(&self, asked: &Asked) -> Result<Result<Value, Refusal>> {
        let mut args = object(&asked.args);
        // A client keeps the id of a deployment, and asks with it later.
        if asked.operation == "deployment" {
            return Ok(Ok(asked.args.clone()));
        }
        if asked.operation == "wait" {
            self.wait(asked).await?;
            args.remove("timeout");
        }
        args.extend(object(&asked.http));
        if let Some(deployment) = &asked.deployment {
            args.insert("deployment".to_owned(), deployment.clone().into());
        }
        let route = Route::of(&asked.operation);
        let route = route.with_context(|| format!("{} has no route", asked.operation))?;
        let request = route.request(&args);
        let (status, body) = self.caller.send(self.url(&asked.engine)?, &request).await?;
        let finds = asked.operation.starts_with("find_");
        Ok(match status {
            404 if finds => Ok(Value::Null),
            200..300 => Ok(route.answer.of(body)),
            _ => Err(answers::refusal(status, &body)),
        })
    }

    async fn events(&self, deployment: &str, after: u64) -> Result<BoxStream<'_, Result<Value>>> {
        self.caller
            .events(self.url("main")?, deployment, after)
            .await
    }

    fn shown(&self, _operation: &str, expected: Value) -> Value {
        answers::shown(expected)
    }

    async fn end(mut self) -> Result<()> {
        let mut options = self.options.clone();
        options.insert("concurrency".to_owned(), 3.into());
        self.world.clean(&options).await?;
        for (_, server) in self.servers {
            server.close().await?;
        }
        Ok(())
    }
}
