//! Sources that are no git repositories: what every source promises, and what hostile input cannot do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod archive;
mod context;
mod directory;
mod fixtures;

mod fake {
    dokploy_core::source_conformance!(super::fixtures::FakeFixture::default());
}

mod directories {
    dokploy_core::source_conformance!(super::fixtures::DirectoryFixture::new());
}

mod tar_archives {
    use super::fixtures::{ArchiveFixture, Format};

    dokploy_core::source_conformance!(ArchiveFixture::new(Format::Tar));
}

mod gzipped_archives {
    use super::fixtures::{ArchiveFixture, Format};

    dokploy_core::source_conformance!(ArchiveFixture::new(Format::GzippedTar));
}

mod zip_archives {
    use super::fixtures::{ArchiveFixture, Format};

    dokploy_core::source_conformance!(ArchiveFixture::new(Format::Zip));
}
