//! Repositories for tests that do not wait by themselves.

use std::process::Command;

pub(crate) use dokploy_tests::repository::Repository;

/// Git without anybody's configuration.
#[expect(
    clippy::disallowed_methods,
    reason = "git serves the repositories of tests"
)]
pub(crate) fn command() -> Command {
    let mut command = Command::new("git");
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    command
}

/// Waits for what cannot fail in a test.
pub(crate) fn wait<T>(work: impl Future<Output = anyhow::Result<T>>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work).unwrap()
}
