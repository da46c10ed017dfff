//! A source of code that is written in JavaScript.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dokploy_core::id::ApplicationId;
use dokploy_core::model::{CredentialSecret, Revision, Source};
use dokploy_core::source::{
    DirectoryFetcher, FakeSource, FakeTree, NetworkPolicy, SourceRequest, SourceTree,
};
use dokploy_core::{Error, ErrorKind, Result, Secret, SourceFetcher};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Port;

/// Asks JavaScript for revisions and trees.
#[derive(Debug)]
pub(crate) struct HostSource {
    port: Arc<Port>,
    directories: DirectoryFetcher,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase", tag = "method")]
enum Question<'a> {
    Resolve {
        request: Value,
    },
    Fetch {
        request: Value,
        revision: &'a Revision,
    },
    Forget {
        application: ApplicationId,
    },
}

/// A tree as JavaScript hands it over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Fetched {
    /// Where it lies on this machine.
    Directory(PathBuf),
    /// The files themselves, by their paths.
    Files(BTreeMap<String, File>),
}

#[derive(Deserialize)]
struct File {
    /// In base64.
    content: String,
    executable: bool,
}

impl HostSource {
    pub(crate) fn new(port: Arc<Port>) -> Self {
        // Which directories may be read is up to the program that names them here.
        let directories = DirectoryFetcher::new(NetworkPolicy::trusting(), u64::MAX);
        Self { port, directories }
    }

    async fn ask<A: DeserializeOwned>(
        &self,
        question: Question<'_>,
        cancel: &CancellationToken,
    ) -> Result<A> {
        let answer = async {
            match self.port.ask(&question).await {
                Some(answer) => answer,
                // The engine hands the deployment back in a moment.
                None => std::future::pending().await,
            }
        };
        cancel.run_until_cancelled(answer).await.unwrap_or_else(|| {
            Err(Error::new(
                ErrorKind::Cancelled,
                "the source was told to stop",
            ))
        })
    }
}

#[async_trait]
impl SourceFetcher for HostSource {
    async fn resolve(
        &self,
        request: &SourceRequest,
        cancel: &CancellationToken,
    ) -> Result<Revision> {
        let request = written(request);
        self.ask(Question::Resolve { request }, cancel).await
    }

    async fn fetch(
        &self,
        request: &SourceRequest,
        revision: &Revision,
        cancel: &CancellationToken,
    ) -> Result<Arc<dyn SourceTree>> {
        let question = Question::Fetch {
            request: written(request),
            revision,
        };
        match self.ask(question, cancel).await? {
            Fetched::Directory(path) => {
                let request = SourceRequest {
                    source: Source::Directory { path },
                    ..request.clone()
                };
                // The directory has a revision of its own, which only says that nobody changes it meanwhile.
                let seen = self.directories.resolve(&request, cancel).await?;
                self.directories.fetch(&request, &seen, cancel).await
            }
            Fetched::Files(files) => in_memory(files, request, cancel).await,
        }
    }

    async fn forget(&self, application: ApplicationId) -> Result<()> {
        let question = Question::Forget { application };
        let answer = self.port.ask::<_, IgnoredAny>(&question).await;
        answer.map_or_else(
            || {
                let message = "the source was not asked to forget: its thread ends";
                Err(Error::new(ErrorKind::Unavailable, message))
            },
            |answer| answer.map(drop),
        )
    }
}

/// A tree of files that are nowhere but in memory.
async fn in_memory(
    files: BTreeMap<String, File>,
    request: &SourceRequest,
    cancel: &CancellationToken,
) -> Result<Arc<dyn SourceTree>> {
    let mut tree = FakeTree::new();
    for (path, file) in files {
        let inside = path
            .split('/')
            .all(|part| !["", ".", ".."].contains(&part) && !part.contains(['\\', '\0']));
        if !inside {
            let message = format!("{path:?} is no path of a file in a tree");
            return Err(Error::new(ErrorKind::SourceFailed, message));
        }
        let content = STANDARD.decode(file.content).map_err(|error| {
            Error::new(ErrorKind::SourceFailed, format!("{path} is not base64")).with_source(error)
        })?;
        tree = if file.executable {
            tree.executable(&path, content)
        } else {
            tree.file(&path, content)
        };
    }
    let memory = FakeSource::new();
    let revision = memory.commit("memory", "main", tree);
    let request = SourceRequest {
        source: Source::Directory {
            path: "memory".into(),
        },
        branch: None,
        commit: None,
        ..request.clone()
    };
    memory.fetch(&request, &revision, cancel).await
}

/// A request as JavaScript reads it. Its credential is in clear: only the source itself can use it.
fn written(request: &SourceRequest) -> Value {
    let credential = request
        .credential
        .as_ref()
        .map(|credential| json!({"host": credential.host, "secret": exposed(&credential.secret)}));
    json!({
        "application": request.application,
        "source": request.source,
        "branch": request.branch,
        "commit": request.commit,
        "credential": credential,
    })
}

fn exposed(secret: &CredentialSecret) -> Value {
    match secret {
        CredentialSecret::Basic { username, password } => {
            json!({"basic": {"username": username, "password": password.expose()}})
        }
        CredentialSecret::Token { token } => json!({"token": {"token": token.expose()}}),
        CredentialSecret::SshKey {
            private_key,
            passphrase,
            host_keys,
        } => json!({"sshKey": {
            "privateKey": private_key.expose(),
            "passphrase": passphrase.as_ref().map(Secret::expose),
            "hostKeys": host_keys,
        }}),
    }
}
