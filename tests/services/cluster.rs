//! An engine on the real swarm, and databases in it that are asked as applications ask them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use dokploy_core::deployment::Status;
use dokploy_core::engine::{DatabaseLimits, NewDatabase};
use dokploy_core::model::{CommandLine, Database, DatabaseEngine, EndpointMode, Project};
use dokploy_core::runtime::{LogSink, LogStream, OwnedKind, TaskSpec, label};
use dokploy_core::{DeploymentHandle, Engine, Secret};
use dokploy_tests::assembly::Assembly;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;

/// The network of the engines of tests.
const NETWORK: &str = "dokploy-tests";

/// An engine on the real swarm, with a project of its own.
pub(crate) struct Cluster {
    pub(crate) engine: Engine,
    pub(crate) project: Project,
    docker_host: String,
}

struct Silent;

impl LogSink for Silent {
    fn line(&self, _: LogStream, _: &[u8]) {}
}

impl Cluster {
    pub(crate) async fn new(docker_host: &str, directory: &Path, name: &str) -> Result<Self> {
        let assembly = Assembly::sqlite(docker_host, directory.to_path_buf());
        let engine = assembly.start(None).await?;
        let name = format!("{name}-{}", std::process::id());
        let project = engine.create_project(&name, "").await?;
        Ok(Self {
            engine,
            project,
            docker_host: docker_host.to_owned(),
        })
    }

    /// Makes a database of an image and waits until it runs.
    pub(crate) async fn database(
        &self,
        engine: DatabaseEngine,
        name: &str,
        image: &str,
    ) -> Result<Database> {
        let new = NewDatabase {
            name: name.to_owned(),
            engine,
            version: None,
            image: Some(image.to_owned()),
            limits: DatabaseLimits {
                memory: Some(256),
                cpu: None,
            },
            // A kernel without IPVS carries no traffic of a virtual address.
            endpoint_mode: EndpointMode::Dnsrr,
        };
        let made = self.engine.create_database(self.project.id, new, None);
        let (database, handle) = made.await?;
        succeeded(&handle).await?;
        Ok(database)
    }

    /// What a client says that runs in the swarm, and whether it was content. It gets the URL in its environment.
    pub(crate) async fn ask(
        &self,
        image: &str,
        url: &Secret,
        command: &str,
    ) -> Result<(bool, String)> {
        let name = format!("dokploy-ask-{}", dokploy_core::id::RequestId::new());
        let spec = TaskSpec {
            name: name.clone(),
            labels: BTreeMap::new(),
            image: image.to_owned(),
            command: CommandLine::Shell(command.to_owned()),
            env: vec![("URL".to_owned(), url.clone())],
            secrets: Vec::new(),
            networks: vec![NETWORK.to_owned()],
            volumes: Vec::new(),
            user: None,
            memory_limit: None,
            constraints: Vec::new(),
            credential: None,
        };
        let runtime = self.engine.runtime();
        let cancel = CancellationToken::new();
        let deadline = Duration::from_mins(1);
        let outcome = runtime
            .run_task(&spec, deadline, Arc::new(Silent), &cancel)
            .await;
        runtime.remove_task(&name).await?;
        let outcome = outcome?;
        Ok((outcome.exit_code == Some(0), outcome.tail.join("\n")))
    }

    /// Names of the volumes of a database.
    pub(crate) async fn volumes(&self, database: &Database) -> Result<Vec<String>> {
        let application = database.application_id.to_string();
        let labels = BTreeMap::from([(label::APPLICATION.to_owned(), application)]);
        let owned = self.engine.runtime().list_owned(OwnedKind::Volume, &labels);
        Ok(owned.await?.into_iter().map(|volume| volume.name).collect())
    }

    /// Removes what a deleted database has left.
    pub(crate) async fn remove_volumes(&self, database: &Database) -> Result<()> {
        let application = database.application_id.to_string();
        let labels = BTreeMap::from([(label::APPLICATION.to_owned(), application)]);
        let runtime = self.engine.runtime();
        for volume in runtime.list_owned(OwnedKind::Volume, &labels).await? {
            runtime.remove_owned(&volume).await?;
        }
        Ok(())
    }

    /// What the container engine itself answers.
    pub(crate) async fn raw(&self, path: &str) -> Result<String> {
        let socket = self.docker_host.strip_prefix("unix://");
        let mut stream = UnixStream::connect(socket.context("a socket is expected")?).await?;
        // HTTP 1.0 has no chunks to put together.
        let request = format!("GET {path} HTTP/1.0\r\nHost: engine\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    /// Everything that the container engine shows of the service and the processes of a database.
    pub(crate) async fn shown(&self, service: &str) -> Result<String> {
        let mut shown = self.raw(&format!("/services/{service}")).await?;
        let filter =
            format!("%7B%22label%22%3A%5B%22com.docker.swarm.service.name%3D{service}%22%5D%7D");
        let list = self
            .raw(&format!("/containers/json?filters={filter}"))
            .await?;
        let (_, body) = list.split_once("\r\n\r\n").context("a body is expected")?;
        let containers: Vec<serde_json::Value> = serde_json::from_str(body)?;
        ensure!(!containers.is_empty(), "{service} has no container");
        for container in containers {
            let id = container["Id"].as_str().context("an id is expected")?;
            for view in ["json", "top?ps_args=axww"] {
                let text = self.raw(&format!("/containers/{id}/{view}")).await?;
                ensure!(text.starts_with("HTTP/1.0 200"), "{text}");
                shown.push_str(&text);
            }
        }
        Ok(shown)
    }
}

/// Waits until a deployment has succeeded.
pub(crate) async fn succeeded(handle: &DeploymentHandle) -> Result<()> {
    let ended = handle.wait(Duration::from_mins(4)).await?;
    ensure!(
        ended.state.status == Status::Success,
        "{}: {:?}",
        ended.state.message,
        ended.state.failure
    );
    Ok(())
}
