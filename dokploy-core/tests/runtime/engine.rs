//! The engine of the test environment, asked without the code that is to be tested.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use dokploy_core::runtime::{DockerOptions, DockerRuntime};
use dokploy_tests::environment::require;
use serde_json::{Value, json};

/// How long the things of a test may take to go away.
const GONE: Duration = Duration::from_secs(30);

/// The engine, and a prefix of names that nobody else uses. What has it is removed in the end.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) runtime: DockerRuntime,
    pub(crate) base: String,
    pub(crate) prefix: String,
    socket: String,
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
            base,
            prefix: format!("rt-{:08x}", rand::random::<u32>()),
            socket,
        })
    }

    pub(crate) fn socket(&self) -> &str {
        &self.socket
    }

    pub(crate) fn name(&self, part: &str) -> String {
        format!("{}-{part}", self.prefix)
    }

    /// Sends a request and returns status and body. HTTP 1.0 has no chunks to put together.
    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: engine\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// The service as the engine shows it.
    pub(crate) fn service(&self, name: &str) -> Value {
        let (status, service) = self.ask("GET", &format!("/services/{name}"), None);
        assert_eq!(status, 200, "{service}");
        service
    }

    /// Changes a service as somebody else would.
    pub(crate) fn change(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut service = self.service(name);
        change(&mut service["Spec"]);
        let version = &service["Version"]["Index"];
        let path = format!("/services/{name}/update?version={version}");
        let (status, answer) = self.ask("POST", &path, Some(&service["Spec"]));
        assert_eq!(status, 200, "{answer}");
    }

    /// Creates a service without our label.
    pub(crate) fn create_foreign(&self, name: &str) {
        let spec = json!({
            "Name": name,
            "EndpointSpec": {"Mode": "dnsrr"},
            "TaskTemplate": {"ContainerSpec": {
                "Image": self.base, "Command": ["sleep", "3600"], "StopGracePeriod": 1_000_000,
            }},
        });
        let (status, answer) = self.ask("POST", "/services/create", Some(&spec));
        assert_eq!(status, 201, "{answer}");
    }

    /// Gives a node a label of this test, or takes it away.
    pub(crate) fn label_node(&self, node: &str, value: Option<&str>) {
        for _ in 0..20 {
            let (_, found) = self.ask("GET", &format!("/nodes/{node}"), None);
            let mut spec = found["Spec"].clone();
            match value {
                Some(value) => spec["Labels"][&self.prefix] = json!(value),
                None => {
                    spec["Labels"].as_object_mut().unwrap().remove(&self.prefix);
                }
            }
            let path = format!("/nodes/{node}/update?version={}", found["Version"]["Index"]);
            // Somebody else may have changed the node in between.
            if self.ask("POST", &path, Some(&spec)).0 == 200 {
                return;
            }
        }
        panic!("node {node} is changed without end");
    }

    fn remove_all(&self, list: &str, one: &str, id: &str) -> bool {
        let filters = format!(r#"{{"name":["{}"]}}"#, self.prefix);
        let encoded: String = url::form_urlencoded::byte_serialize(filters.as_bytes()).collect();
        let (_, found) = self.ask("GET", &format!("{list}?filters={encoded}"), None);
        let found = found.get("Volumes").unwrap_or(&found).as_array().cloned();
        let found = found.unwrap_or_default();
        for object in &found {
            let id = object[id].as_str().unwrap();
            self.ask("DELETE", &format!("{one}/{id}"), None);
        }
        found.is_empty()
    }

    fn remove_images(&self) {
        let (_, images) = self.ask("GET", "/images/json", None);
        for tag in images
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|image| image["RepoTags"].as_array().cloned().unwrap_or_default())
        {
            let tag = tag.as_str().unwrap();
            if tag.contains(&self.prefix) {
                self.ask("DELETE", &format!("/images/{tag}?force=1"), None);
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let latest = Instant::now() + GONE;
        self.remove_images();
        loop {
            let gone = [
                self.remove_all("/services", "/services", "ID"),
                self.remove_all("/secrets", "/secrets", "ID"),
                self.remove_all("/networks", "/networks", "Id"),
                self.remove_all("/volumes", "/volumes", "Name"),
            ];
            if gone.iter().all(|gone| *gone) || Instant::now() > latest {
                break;
            }
            // Containers need a moment to let go of what they use.
            std::thread::park_timeout(Duration::from_millis(200));
        }
    }
}

/// A port of the engine's machine that no other test of this program uses.
pub(crate) fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    static START: std::sync::LazyLock<u16> =
        std::sync::LazyLock::new(|| 20_000 + rand::random::<u16>() % 8000);
    *START + NEXT.fetch_add(1, Ordering::Relaxed)
}
