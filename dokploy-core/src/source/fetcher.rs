//! All kinds of sources behind one fetcher.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::{
    ArchiveFetcher, ArchiveLimits, DirectoryFetcher, NetworkPolicy, SourceFetcher, SourceRequest,
    SourceTree,
};
#[cfg(feature = "git")]
use super::{GitFetcher, GitOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ApplicationId;
use crate::model::{Revision, Source};

/// How sources are fetched.
#[derive(Clone, Debug)]
pub struct SourcesOptions {
    /// Directory of the engine for mirrors, uploads and unpacked archives. Made when it is first needed.
    pub data_directory: PathBuf,
    /// What the engine may connect to and read on a user's behalf.
    pub policy: NetworkPolicy,
    /// What an archive may cost.
    pub archive_limits: ArchiveLimits,
    /// Most bytes of a directory that is a source.
    pub directory_bytes_max: u64,
    /// Limits and certificates for git. The policy above takes the place of its own.
    #[cfg(feature = "git")]
    pub git: GitOptions,
}

impl SourcesOptions {
    /// The defaults: a strict policy, and 4 GiB for a directory or what an archive holds.
    pub fn new(data_directory: impl Into<PathBuf>) -> Self {
        let data_directory = data_directory.into();
        let archive_limits = ArchiveLimits::default();
        Self {
            #[cfg(feature = "git")]
            git: GitOptions::new(&data_directory),
            data_directory,
            policy: NetworkPolicy::strict(),
            archive_limits,
            directory_bytes_max: archive_limits.bytes_max,
        }
    }
}

/// Fetches every kind of source that this build of the crate knows.
#[derive(Clone, Debug)]
pub struct Sources {
    #[cfg(feature = "git")]
    git: Arc<dyn SourceFetcher>,
    directory: Arc<dyn SourceFetcher>,
    archive: Arc<dyn SourceFetcher>,
}

impl Sources {
    /// Makes the fetchers. Nothing is read or written before the first call.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for certificates that cannot be read.
    pub fn new(options: &SourcesOptions) -> Result<Self> {
        let policy = &options.policy;
        #[cfg(feature = "git")]
        let git = GitFetcher::new(GitOptions {
            policy: policy.clone(),
            ..options.git.clone()
        })?;
        Ok(Self {
            #[cfg(feature = "git")]
            git: Arc::new(git),
            directory: Arc::new(DirectoryFetcher::new(
                policy.clone(),
                options.directory_bytes_max,
            )),
            archive: Arc::new(ArchiveFetcher::new(
                policy.clone(),
                options.data_directory.clone(),
                options.archive_limits,
            )),
        })
    }

    fn fetcher(&self, source: &Source) -> Result<&dyn SourceFetcher> {
        match source {
            #[cfg(feature = "git")]
            Source::Git(_) => Ok(self.git.as_ref()),
            #[cfg(not(feature = "git"))]
            Source::Git(_) => Err(Error::new(
                ErrorKind::Unsupported,
                "this build cannot fetch from git",
            )
            .with_hint("build dokploy-core with the feature \"git\"")),
            Source::Directory { .. } => Ok(self.directory.as_ref()),
            Source::Archive { .. } => Ok(self.archive.as_ref()),
            Source::Image { .. } => Err(Error::new(
                ErrorKind::Unsupported,
                "an image has no code that could be fetched",
            )
            .with_hint("deploy the image itself: nothing has to be built")),
        }
    }
}

#[async_trait]
impl SourceFetcher for Sources {
    async fn resolve(
        &self,
        request: &SourceRequest,
        cancel: &CancellationToken,
    ) -> Result<Revision> {
        self.fetcher(&request.source)?
            .resolve(request, cancel)
            .await
    }

    async fn fetch(
        &self,
        request: &SourceRequest,
        revision: &Revision,
        cancel: &CancellationToken,
    ) -> Result<Arc<dyn SourceTree>> {
        self.fetcher(&request.source)?
            .fetch(request, revision, cancel)
            .await
    }

    async fn forget(&self, application: ApplicationId) -> Result<()> {
        #[cfg(feature = "git")]
        self.git.forget(application).await?;
        self.directory.forget(application).await?;
        self.archive.forget(application).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(source: Source) -> SourceRequest {
        SourceRequest {
            application: ApplicationId::new(),
            source,
            branch: None,
            commit: None,
            credential: None,
        }
    }

    #[tokio::test]
    async fn an_image_has_no_code_and_the_error_says_what_to_do() {
        let sources = Sources::new(&SourcesOptions::new("/nonexistent")).unwrap();
        let source = Source::Image {
            reference: "busybox".to_owned(),
        };
        let cancel = CancellationToken::new();
        let error = sources
            .resolve(&request(source), &cancel)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.hint().is_some());
    }

    #[cfg(not(feature = "git"))]
    #[tokio::test]
    async fn a_build_without_git_names_the_feature() {
        let sources = Sources::new(&SourcesOptions::new("/nonexistent")).unwrap();
        let source = serde_json::json!({"type": "git", "repoUrl": "https://git.example/a"});
        let source = serde_json::from_value(source).unwrap();
        let cancel = CancellationToken::new();
        let error = sources
            .resolve(&request(source), &cancel)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(
            error.hint().is_some_and(|hint| hint.contains("\"git\"")),
            "{error:?}"
        );
    }

    #[tokio::test]
    async fn each_source_goes_to_its_own_fetcher_and_forgetting_reaches_all() {
        let data = tempfile::tempdir().unwrap();
        let sources = Sources::new(&SourcesOptions {
            policy: NetworkPolicy::trusting(),
            ..SourcesOptions::new(data.path())
        })
        .unwrap();
        let cancel = CancellationToken::new();
        let directory = Source::Directory {
            path: data.path().to_owned(),
        };
        assert!(sources.resolve(&request(directory), &cancel).await.is_ok());
        let archive = Source::Archive {
            path: data.path().join("missing.tar"),
        };
        let error = sources
            .resolve(&request(archive), &cancel)
            .await
            .unwrap_err();
        assert!(error.message().contains("missing.tar"), "{error:?}");
        assert!(sources.forget(ApplicationId::new()).await.is_ok());
    }
}
