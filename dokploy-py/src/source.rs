//! A source fetcher and an event sink that are written in Python.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use dokploy_core::deployment::Event;
use dokploy_core::engine::EventSink;
use dokploy_core::error::{Error, ErrorKind, Result};
use dokploy_core::id::ApplicationId;
use dokploy_core::model::{CredentialSecret, Revision, Source};
use dokploy_core::source::{
    ContextRequest, DirectoryFetcher, NetworkPolicy, SourceFetcher, SourceRequest, SourceTree,
};
use futures::StreamExt;
use futures::stream::BoxStream;
use pyo3::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::convert;
use crate::part::Part;

/// Most bytes of a tree, as for directories.
const TREE_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// Fetches code with a class written in Python. Its `fetch` writes a tree into a directory that lives as long as the
/// tree is used.
#[derive(Debug)]
pub(crate) struct PythonSource {
    part: Part,
    directories: DirectoryFetcher,
}

impl PythonSource {
    pub(crate) fn arc(part: Py<PyAny>) -> Arc<dyn SourceFetcher> {
        Arc::new(Self {
            part: Part::new(part),
            directories: DirectoryFetcher::new(NetworkPolicy::trusting(), TREE_BYTES_MAX),
        })
    }
}

#[async_trait]
impl SourceFetcher for PythonSource {
    async fn resolve(
        &self,
        request: &SourceRequest,
        cancel: &CancellationToken,
    ) -> Result<Revision> {
        let arguments = vec![written(request)?];
        let answer = self
            .part
            .call("resolve", arguments, ErrorKind::SourceFailed, cancel)
            .await?;
        convert::shape("resolve", answer.as_deref().unwrap_or("null"))
    }

    async fn fetch(
        &self,
        request: &SourceRequest,
        revision: &Revision,
        cancel: &CancellationToken,
    ) -> Result<Arc<dyn SourceTree>> {
        let directory = TempDir::with_prefix("dokploy-source-").map_err(|error| {
            Error::new(
                ErrorKind::Unavailable,
                "no directory can be made for the source",
            )
            .with_source(error)
        })?;
        let path = directory.path();
        let shown = path.to_str().ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                format!("{} is no text", path.display()),
            )
        })?;
        let arguments = vec![
            written(request)?,
            convert::text(revision)?,
            shown.to_owned(),
        ];
        self.part
            .call("fetch", arguments, ErrorKind::SourceFailed, cancel)
            .await?;
        let written = SourceRequest {
            source: Source::Directory {
                path: path.to_owned(),
            },
            application: request.application,
            branch: None,
            commit: None,
            credential: None,
        };
        let found = self.directories.resolve(&written, cancel).await?;
        let tree = self.directories.fetch(&written, &found, cancel).await?;
        Ok(Arc::new(WrittenTree {
            tree,
            directory: Arc::new(directory),
        }))
    }

    async fn forget(&self, application: ApplicationId) -> Result<()> {
        let arguments = vec![application.to_string()];
        self.part
            .call(
                "forget",
                arguments,
                ErrorKind::SourceFailed,
                &CancellationToken::new(),
            )
            .await?;
        Ok(())
    }
}

/// A tree in a directory that is removed with it.
#[derive(Debug)]
struct WrittenTree {
    tree: Arc<dyn SourceTree>,
    directory: Arc<TempDir>,
}

#[async_trait]
impl SourceTree for WrittenTree {
    async fn read_file(&self, path: &str, bytes_max: u64) -> Result<Option<Bytes>> {
        self.tree.read_file(path, bytes_max).await
    }

    fn context(&self, request: &ContextRequest) -> BoxStream<'static, Result<Bytes>> {
        // The stream may be read longer than the tree is held.
        let directory = Arc::clone(&self.directory);
        let context = self.tree.context(request);
        context
            .map(move |chunk| {
                let _still_there: &TempDir = &directory;
                chunk
            })
            .boxed()
    }

    async fn write_to(&self, directory: &Path) -> Result<()> {
        self.tree.write_to(directory).await
    }
}

/// A request with its credential in clear, for the fetcher that needs it.
fn written(request: &SourceRequest) -> Result<String> {
    let credential = request.credential.as_ref().map(|credential| {
        json!({
            "host": credential.host,
            "secret": exposed(&credential.secret),
        })
    });
    convert::text(&json!({
        "application": request.application,
        "source": request.source,
        "branch": request.branch,
        "commit": request.commit,
        "credential": credential,
    }))
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
            "passphrase": passphrase.as_ref().map(dokploy_core::Secret::expose),
            "hostKeys": host_keys,
        }}),
    }
}

/// Tells events to a function written in Python.
#[derive(Debug)]
pub(crate) struct PythonSink(Part);

impl PythonSink {
    pub(crate) fn arc(part: Py<PyAny>) -> Arc<dyn EventSink> {
        Arc::new(Self(Part::new(part)))
    }
}

#[async_trait]
impl EventSink for PythonSink {
    async fn event(&self, event: &Event) -> Result<()> {
        let arguments = vec![convert::text(event)?];
        self.0
            .call(
                "event",
                arguments,
                ErrorKind::Unexpected,
                &CancellationToken::new(),
            )
            .await?;
        Ok(())
    }
}
