//! The real parts that the test environment provides.

use std::env;

/// Addresses of the real parts, as `tests/environment/up` writes them down.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Engine of a swarm of one node.
    pub docker_host: String,
    /// Where the ports that services publish are reached.
    pub engine_address: String,
    /// Where containers and engines reach a server that a test listens with.
    pub host_address: String,
    /// PostgreSQL, with the right to make databases.
    pub postgres_url: String,
    /// Redis.
    pub redis_url: String,
    /// A registry without a password.
    pub registry: String,
    /// Image of a static busybox that the engine has.
    pub base_image: String,
}

impl Environment {
    /// The environment, or `None` after having said that the test is skipped.
    ///
    /// # Panics
    ///
    /// Where `DOKPLOY_TEST_REQUIRE` says that it must not be skipped.
    #[expect(
        clippy::disallowed_methods,
        reason = "tests are configured by the environment"
    )]
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    pub fn find() -> Option<Self> {
        let variable = |name: &str| env::var(name).ok();
        let found = (|| {
            Some(Self {
                docker_host: variable("DOKPLOY_TEST_DOCKER_HOST")?,
                engine_address: variable("DOKPLOY_TEST_ENGINE_ADDRESS")?,
                host_address: variable("DOKPLOY_TEST_HOST_ADDRESS")?,
                postgres_url: variable("DOKPLOY_TEST_POSTGRES_URL")?,
                redis_url: variable("DOKPLOY_TEST_REDIS_URL")?,
                registry: variable("DOKPLOY_TEST_REGISTRY")?,
                base_image: variable("DOKPLOY_TEST_BASE_IMAGE")?,
            })
        })();
        if found.is_none() {
            let required = variable("DOKPLOY_TEST_REQUIRE").unwrap_or_default();
            assert!(
                !required.contains("docker"),
                "the test environment is required and not there: run tests/environment/up"
            );
            eprintln!("skipped: there is no test environment; run tests/environment/up");
        }
        found
    }
}
