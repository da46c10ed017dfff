//! The program, serving what the test may break.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// The password of its owner.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A server with an SQLite file in a directory of its own, and its owner.
pub(crate) struct Server {
    pub(crate) url: String,
    /// May do what the owner may, for as long as the server is there.
    pub(crate) token: String,
    process: Child,
    client: Client,
    directory: tempfile::TempDir,
    /// It says more later, and would end if nobody listened.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Server {
    pub(crate) async fn start(docker_host: &str) -> Self {
        // The client wants one, although nothing here speaks TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_dokploy"))
            .arg("serve")
            .env_clear()
            .env("DOCKER_HOST", docker_host)
            .env("DOKPLOY_DATA_DIR", directory.path().join("data"))
            .env("DOKPLOY_LISTEN", "127.0.0.1:0")
            .env("DOKPLOY_RATE_LIMIT", "60000/min")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = output.next_line().await.unwrap().unwrap();
        let url = first.strip_prefix("listening on ").unwrap().to_owned();
        let mut server = Self {
            url,
            token: String::new(),
            process,
            client: Client::new(),
            directory,
            _output: output,
        };
        server.token = server.owner().await;
        server
    }

    /// Makes the first account, and a token of it that a logout does not end.
    async fn owner(&self) -> String {
        let account = json!({"username": "olivia", "password": PASSWORD});
        let registered = self.request(Method::POST, "/api/auth/register", "", Some(&account));
        let session = read(registered.await, &[201]).await;
        let session = session["token"].as_str().unwrap();
        let token = json!({"name": "test", "scopes": ["admin"]});
        let answer = self.request(Method::POST, "/api/auth/tokens", session, Some(&token));
        let created = read(answer.await, &[201]).await;
        created["token"].as_str().unwrap().to_owned()
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Response {
        let url = format!("{}{path}", self.url);
        let mut request = self.client.request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        request.send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let found = self.request(Method::GET, path, &self.token, None);
        read(found.await, &[200]).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let made = self.request(Method::POST, path, &self.token, Some(body));
        read(made.await, &[201, 202]).await
    }

    pub(crate) async fn delete(&self, path: &str) {
        let gone = self.request(Method::DELETE, path, &self.token, None);
        read(gone.await, &[204]).await;
    }

    /// The first items of a list.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let list = self.get(&format!("{path}?limit=200")).await;
        list["items"].as_array().unwrap().clone()
    }

    /// The status and the body of what is answered.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let response = self.request(method, path, &self.token, body).await;
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// Every file that it has written, with its content; the log as well.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut folders = vec![self.directory.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() {
                    let content = std::fs::read(&path).unwrap();
                    files.push((path, content));
                }
            }
        }
        files
    }

    /// Ends it in order.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        let id = self.process.id().unwrap().to_string();
        let sent = Command::new("kill")
            .args(["-s", "TERM", &id])
            .status()
            .await;
        assert!(sent.unwrap().success());
        self.process.wait().await.unwrap()
    }

    /// What it wrote down about itself.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap()
    }
}

/// The body of an answer that has to have one of these statuses.
async fn read(response: Response, expected: &[u16]) -> Value {
    let (status, url) = (response.status().as_u16(), response.url().clone());
    let text = response.text().await.unwrap();
    assert!(expected.contains(&status), "{status} of {url}: {text}");
    serde_json::from_str(&text).unwrap_or_default()
}
