//! The program, serving what the test may break.

use std::process::ExitStatus;

use dokploy_tests::program::Program;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

/// A server with an SQLite file in a directory of its own, and its owner.
pub(crate) struct Server {
    pub(crate) url: String,
    /// May do what the owner may, for as long as the server is there.
    pub(crate) token: String,
    program: Program,
    client: Client,
    _directory: tempfile::TempDir,
}

impl Server {
    pub(crate) async fn start(docker_host: &str) -> Self {
        // The client wants one, although nothing here speaks TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory = tempfile::tempdir().unwrap();
        let variables = [
            ("DOCKER_HOST", docker_host),
            ("DOKPLOY_RATE_LIMIT", "60000/min"),
        ];
        let program = env!("CARGO_BIN_EXE_dokploy");
        let program = Program::serve(program, directory.path(), &variables);
        let program = program.await.unwrap();
        let mut server = Self {
            url: program.url(),
            token: String::new(),
            program,
            client: Client::new(),
            _directory: directory,
        };
        server.token = server.owner().await;
        server
    }

    /// Makes the first account, and a token of it that a logout does not end.
    async fn owner(&self) -> String {
        let account = json!({"username": "olivia", "password": "correct horse battery"});
        let register = self.request(Method::POST, "/api/auth/register", "", Some(&account));
        let session = read(register.await, &[201]).await;
        let session = session["token"].as_str().unwrap();
        let token = json!({"name": "fuzz", "scopes": ["admin"]});
        let make = self.request(Method::POST, "/api/auth/tokens", session, Some(&token));
        let made = read(make.await, &[201]).await;
        made["token"].as_str().unwrap().to_owned()
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

    /// Ends it in order.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        self.program.stop().await.unwrap()
    }

    /// What it wrote down about itself.
    pub(crate) fn log(&self) -> String {
        self.program.log().unwrap()
    }
}

/// The body of an answer that has to have one of these statuses.
async fn read(response: Response, expected: &[u16]) -> Value {
    let (status, url) = (response.status().as_u16(), response.url().clone());
    let text = response.text().await.unwrap();
    assert!(expected.contains(&status), "{status} of {url}: {text}");
    serde_json::from_str(&text).unwrap_or_default()
}
