//! The engine of the test environment, what is built on it, and what it says when it is asked directly.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use dokploy_core::runtime::{
    BuildRequest, DockerOptions, DockerRuntime, Image, LogSink, LogStream, RegistryCredential,
    label,
};
use dokploy_core::{ContainerRuntime, Result, Secret};
use dokploy_tests::environment::require;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

/// Nothing here takes longer on a machine that works.
const DEADLINE: Duration = Duration::from_mins(2);

/// A registry of the test environment.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) host: String,
    pub(crate) host_with_password: String,
    pub(crate) credential: RegistryCredential,
}

impl Registry {
    /// The registries, where there are some.
    pub(crate) fn find() -> Option<Self> {
        let host_with_password = require("registry", "DOKPLOY_TEST_REGISTRY_AUTH")?;
        Some(Self {
            host: require("registry", "DOKPLOY_TEST_REGISTRY")?,
            credential: RegistryCredential {
                host: host_with_password.clone(),
                username: require("registry", "DOKPLOY_TEST_REGISTRY_AUTH_USER")?,
                password: require("registry", "DOKPLOY_TEST_REGISTRY_AUTH_PASSWORD")?.into(),
            },
            host_with_password,
        })
    }
}

/// The engine, with a name that nothing else has. What is built under it is removed in the end.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) runtime: DockerRuntime,
    pub(crate) name: String,
    pub(crate) base: String,
    pub(crate) socket: String,
}

impl Engine {
    /// The engine, where there is one.
    pub(crate) fn find() -> Option<Self> {
        let host = require("docker", "DOKPLOY_TEST_DOCKER_HOST")?;
        let base = require("docker", "DOKPLOY_TEST_BASE_IMAGE")?;
        let socket = host.strip_prefix("unix://").unwrap().to_owned();
        let options = DockerOptions {
            host,
            ..DockerOptions::default()
        };
        Some(Self {
            runtime: DockerRuntime::new(options).unwrap(),
            name: format!("build-{:016x}", rand::random::<u64>()),
            base,
            socket,
        })
    }

    /// What marks the images of this test.
    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (label::MANAGED_BY.to_owned(), label::OURS.to_owned()),
            (label::APPLICATION.to_owned(), self.name.clone()),
        ])
    }

    /// A request to build with everything at rest.
    pub(crate) fn request(&self) -> BuildRequest {
        BuildRequest {
            image: format!("{}:1", self.name),
            dockerfile: "Dockerfile".to_owned(),
            target: None,
            args: BTreeMap::new(),
            secrets: BTreeMap::new(),
            labels: self.labels(),
            memory_limit: None,
            nano_cpus: None,
            no_cache: false,
            credentials: Vec::new(),
        }
    }

    /// A Dockerfile on the base image. Its first step is another one in each test, so that no layer is shared.
    pub(crate) fn dockerfile(&self, rest: &str) -> String {
        format!("FROM {}\nENV TEST={}\n{rest}\n", self.base, self.name)
    }

    /// Builds from a Dockerfile alone.
    pub(crate) async fn build(&self, request: &BuildRequest, dockerfile: &str) -> Built {
        self.build_from(request, files(&[("Dockerfile", dockerfile)]))
            .await
    }

    /// Builds from a context.
    pub(crate) async fn build_from(
        &self,
        request: &BuildRequest,
        context: BoxStream<'static, Result<Bytes>>,
    ) -> Built {
        let log = Arc::new(Log::default());
        let never = CancellationToken::new();
        let build = self
            .runtime
            .build_image(request, context, log.clone(), &never);
        let result = tokio::time::timeout(DEADLINE, build).await.unwrap();
        Built { result, log }
    }

    /// What the engine answers to a GET.
    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        self.ask("GET", path)
    }

    /// The same, read.
    pub(crate) fn get_json(&self, path: &str) -> serde_json::Value {
        serde_json::from_slice(&self.get(path)).unwrap()
    }

    fn ask(&self, method: &str, path: &str) -> Vec<u8> {
        self.tell(method, path, "")
    }

    fn tell(&self, method: &str, path: &str, json: &str) -> Vec<u8> {
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        let length = json.len();
        // The old version of the protocol ends the answer by closing the connection.
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}"
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap();
        answer.split_off(end + 4)
    }

    /// Names another image of the engine.
    pub(crate) fn tag(&self, image: &str, repository: &str, tag: &str) {
        self.ask(
            "POST",
            &format!("/images/{image}/tag?repo={repository}&tag={tag}"),
        );
    }

    /// Ids of the images that a filter of the engine finds.
    fn images(&self, filter: &str) -> Vec<String> {
        let filter = format!("{{{filter}}}");
        let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let images = self.get_json(&format!("/images/json?filters={filter}"));
        let ids = images.as_array().into_iter().flatten();
        ids.filter_map(|image| image["Id"].as_str().map(str::to_owned))
            .collect()
    }

    /// Removes a name, and the image with its last one.
    pub(crate) fn untag(&self, name: &str) {
        self.ask("DELETE", &format!("/images/{name}?force=1"));
    }
}

impl Engine {
    /// Makes an address reachable as a port of the engine's own loopback, which is where `BuildKit` accepts a
    /// registry without TLS. Returns that port.
    pub(crate) async fn forward(&self, to: &str) -> u16 {
        let port = 20_000 + rand::random::<u16>() % 10_000;
        let (host, target) = to.split_once(':').unwrap();
        let container = serde_json::json!({
            "Image": self.base,
            "Cmd": ["nc", "-ll", "-p", port.to_string(), "-e", "nc", host, target],
            "HostConfig": {"NetworkMode": "host"},
            "Labels": {label::APPLICATION: self.name},
        });
        let path = format!("/containers/create?name={}", self.name);
        self.tell("POST", &path, &container.to_string());
        self.ask("POST", &format!("/containers/{}/start", self.name));
        wait_until("the port to be forwarded", || {
            let running = self.get_json(&format!("/containers/{}/json", self.name));
            running["State"]["Running"] == true
        })
        .await;
        port
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.ask("DELETE", &format!("/containers/{}?force=1&v=1", self.name));
        for image in self.images(&format!(
            "\"label\":[\"{}={}\"]",
            label::APPLICATION,
            self.name
        )) {
            self.untag(&image);
        }
        // The classic builder keeps the layers of a build that failed, without name and label.
        let environment = format!("TEST={}", self.name);
        for image in self.images("\"dangling\":[\"true\"]") {
            let found = self.get(&format!("/images/{image}/json"));
            if holds(&found, &environment) {
                self.untag(&image);
            }
        }
    }
}

/// What came of a build.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) result: Result<Image>,
    pub(crate) log: Arc<Log>,
}

impl Built {
    /// The image; shows the log where there is none.
    pub(crate) fn image(&self) -> &Image {
        match &self.result {
            Ok(image) => image,
            Err(error) => panic!("{error:?}\n{}", self.log.text()),
        }
    }

    /// The error.
    pub(crate) fn error(&self) -> &dokploy_core::Error {
        self.result.as_ref().unwrap_err()
    }
}

/// Keeps every line.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Vec<(LogStream, String)>>);

impl Log {
    /// All lines.
    pub(crate) fn lines(&self) -> Vec<(LogStream, String)> {
        self.0.lock().unwrap().clone()
    }

    /// All lines in one text.
    pub(crate) fn text(&self) -> String {
        let lines = self.lines();
        let lines: Vec<_> = lines.into_iter().map(|(_, line)| line).collect();
        lines.join("\n")
    }

    /// Whether a step printed a line that ends in this text.
    pub(crate) fn printed(&self, end: &str) -> bool {
        self.lines()
            .iter()
            .any(|(stream, line)| *stream != LogStream::System && line.ends_with(end))
    }

    /// Whether a line ends in this text.
    pub(crate) fn has(&self, end: &str) -> bool {
        self.lines().iter().any(|(_, line)| line.ends_with(end))
    }
}

impl LogSink for Log {
    fn line(&self, stream: LogStream, text: &[u8]) {
        let text = String::from_utf8_lossy(text).into_owned();
        self.0.lock().unwrap().push((stream, text));
    }
}

/// A context of these files.
pub(crate) fn files(files: &[(&str, &str)]) -> BoxStream<'static, Result<Bytes>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, path, text.as_bytes())
            .unwrap();
    }
    let archive = archive.into_inner().unwrap();
    let pieces: Vec<_> = archive
        .chunks(1000)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    futures::stream::iter(pieces).boxed()
}

/// A secret that nothing else holds.
pub(crate) fn secret() -> Secret {
    Secret::new(format!("hush-{:032x}", rand::random::<u128>()))
}

/// Whether bytes hold a text.
pub(crate) fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// Waits until something is so.
pub(crate) async fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let polled = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, polled)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"));
}
