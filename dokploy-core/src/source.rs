//! Where code comes from: resolve a source to a revision (cheap), then fetch it (costly).

mod archive;
mod checkout;
mod context;
mod directory;
mod dockerignore;
mod fake;
mod fetcher;
#[cfg(feature = "git")]
mod git;
mod policy;
mod tree;
mod work;

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

pub use self::archive::{ArchiveFetcher, ArchiveLimits};
pub use self::directory::DirectoryFetcher;
pub(crate) use self::dockerignore::Dockerignore;
pub use self::fake::{FakeCall, FakeEntry, FakeSource, FakeTree};
pub use self::fetcher::{Sources, SourcesOptions};
#[cfg(feature = "git")]
pub use self::git::{GitFetcher, GitOptions};
pub use self::policy::{AddressRange, NetworkPolicy};
use crate::error::Result;
use crate::id::ApplicationId;
use crate::model::{CredentialSecret, Revision, Source};

/// What is to be fetched, and for whom.
#[derive(Clone, Debug)]
pub struct SourceRequest {
    /// Its mirror is kept under this name.
    pub application: ApplicationId,
    /// Where it comes from.
    pub source: Source,
    /// Branch or full reference instead of the source's own.
    pub branch: Option<String>,
    /// Exact commit instead of the head of the branch.
    pub commit: Option<String>,
    /// Credential, with the only host that may see it.
    pub credential: Option<SourceCredential>,
}

/// A credential in memory, with the only host that may see it.
#[derive(Clone, Debug)]
pub struct SourceCredential {
    /// Host name, with a port where it is not the scheme's own.
    pub host: String,
    /// The secret part.
    pub secret: CredentialSecret,
}

/// Fetches code.
#[async_trait]
pub trait SourceFetcher: Send + Sync + Debug {
    /// Finds out which revision a request means now. Cheap: no objects are fetched.
    ///
    /// # Behavior
    ///
    /// - The same state of the source gives the same revision.
    /// - A branch is asked for by its full name, so that `main` never matches `x/main`.
    /// - An unknown branch, tag or commit is `source_failed` and names it.
    /// - Input that is refused (transport, address, control characters, a leading hyphen) is `invalid_spec`.
    /// - A cancelled call ends at once with `cancelled`.
    ///
    /// # Errors
    ///
    /// `unavailable` and `timed_out` are worth a retry; `source_failed`, `unauthenticated` and `invalid_spec` are not.
    async fn resolve(
        &self,
        request: &SourceRequest,
        cancel: &CancellationToken,
    ) -> Result<Revision>;

    /// Fetches what is missing of a revision.
    ///
    /// # Behavior
    ///
    /// - Fetching again is cheap and gives the same tree.
    /// - Nothing outside the source's own tree can be read or written through it.
    /// - A cancelled call ends at once with `cancelled` and leaves nothing half-done behind.
    async fn fetch(
        &self,
        request: &SourceRequest,
        revision: &Revision,
        cancel: &CancellationToken,
    ) -> Result<Arc<dyn SourceTree>>;

    /// Removes what is kept for an application. Removing what is absent is Ok.
    async fn forget(&self, application: ApplicationId) -> Result<()>;
}

/// What of a tree becomes the build context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextRequest {
    /// Directory of the tree that is the root of the context; `.` is all of it.
    pub directory: String,
    /// Dockerfile, relative to `directory`. It and its ignore file are always part of the context.
    pub dockerfile: String,
    /// Most bytes of the context, before compression.
    pub bytes_max: u64,
}

/// A fetched tree.
#[async_trait]
pub trait SourceTree: Send + Sync + Debug {
    /// The revision of the tree with what only fetching finds out, such as the message and the author of a commit;
    /// `None` where there is no more to know than what was resolved.
    fn revision(&self) -> Option<&Revision> {
        None
    }

    /// Reads one file, at most `bytes_max` of it; `None` when there is no regular file of this name. Symbolic links
    /// are not followed.
    async fn read_file(&self, path: &str, bytes_max: u64) -> Result<Option<Bytes>>;

    /// Streams a build context as an uncompressed tar.
    ///
    /// # Behavior
    ///
    /// - Paths are relative to the directory asked for; owner and times are fixed, so that equal trees give equal
    ///   bytes; the executable bit is kept.
    /// - `.dockerignore` (or `<dockerfile>.dockerignore`) is applied as Docker does.
    /// - Symbolic links are sent as links and never followed.
    /// - `invalid_spec` when the directory or the Dockerfile is missing, or the context is larger than allowed.
    /// - Memory is bounded by the chunk size, not by the tree.
    fn context(&self, request: &ContextRequest) -> BoxStream<'static, Result<Bytes>>;

    /// Writes the whole tree into an empty directory.
    async fn write_to(&self, directory: &Path) -> Result<()>;
}
