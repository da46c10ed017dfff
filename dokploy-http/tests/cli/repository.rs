//! Repositories for tests that do not wait by themselves.

pub(crate) use dokploy_tests::repository::Repository;

/// Waits for what cannot fail in a test.
pub(crate) fn wait<T>(work: impl Future<Output = anyhow::Result<T>>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work).unwrap()
}
