//! What every source promises, over http and for a repository of this machine.

use std::sync::Arc;

use async_trait::async_trait;
use dokploy_core::conformance::source::SourceFixture;
use dokploy_core::id::ApplicationId;
use dokploy_core::source::{FakeEntry, FakeTree, SourceFetcher, SourceRequest};

use crate::{Fixture, request};

mod over_http {
    dokploy_core::source_conformance!(super::GitFixture::new(false));
}

mod from_a_file {
    dokploy_core::source_conformance!(super::GitFixture::new(true));
}

struct GitFixture {
    fixture: Fixture,
    application: ApplicationId,
    local: bool,
}

impl GitFixture {
    fn new(local: bool) -> Self {
        let fixture = Fixture::new();
        fixture
            .repository
            .git(&["update-ref", "-d", "refs/heads/main"]);
        Self {
            fixture,
            application: ApplicationId::new(),
            local,
        }
    }

    fn request(&self, name: &str) -> SourceRequest {
        let root = self.fixture.directory.path().join("git");
        let url = if self.local {
            format!("file://{}/{name}", root.display())
        } else {
            self.fixture.server.url(&format!("{name}/.git"))
        };
        SourceRequest {
            application: self.application,
            ..request(&url)
        }
    }
}

#[async_trait]
impl SourceFixture for GitFixture {
    fn fetcher(&self) -> Arc<dyn SourceFetcher> {
        Arc::new(self.fixture.fetcher.clone())
    }

    fn has_branches(&self) -> bool {
        true
    }

    async fn write(&self, branch: &str, tree: &FakeTree) -> SourceRequest {
        let repository = &self.fixture.repository;
        repository.git(&["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")]);
        repository.git(&["read-tree", "--empty"]);
        for (path, entry) in tree.entries() {
            let (mode, content) = match entry {
                FakeEntry::File {
                    content,
                    executable: true,
                } => ("100755", content.as_ref()),
                FakeEntry::File {
                    content,
                    executable: false,
                } => ("100644", content.as_ref()),
                FakeEntry::Symlink { target } => ("120000", target.as_bytes()),
            };
            let object = repository.object("blob", content);
            repository.git(&[
                "update-index",
                "--add",
                "--cacheinfo",
                &format!("{mode},{object},{path}"),
            ]);
        }
        repository.git(&["commit", "--quiet", "--allow-empty", "-m", "Everything"]);
        let mut request = self.request("app");
        request.branch = Some(branch.to_owned());
        request
    }

    fn missing(&self) -> SourceRequest {
        self.request("nothing-here")
    }
}
