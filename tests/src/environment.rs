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
    /// How often the long tests do what they do: once, unless `DOKPLOY_TEST_ROUNDS` says more.
    pub rounds: usize,
}

impl Environment {
    /// The environment, or `None` after having said that the test is skipped.
    ///
    /// # Panics
    ///
    /// Where `DOKPLOY_TEST_REQUIRE` says that it must not be skipped.
    pub fn find() -> Option<Self> {
        let docker = |name| require("docker", name);
        Some(Self {
            docker_host: docker("DOKPLOY_TEST_DOCKER_HOST")?,
            engine_address: docker("DOKPLOY_TEST_ENGINE_ADDRESS")?,
            host_address: docker("DOKPLOY_TEST_HOST_ADDRESS")?,
            postgres_url: docker("DOKPLOY_TEST_POSTGRES_URL")?,
            redis_url: docker("DOKPLOY_TEST_REDIS_URL")?,
            registry: docker("DOKPLOY_TEST_REGISTRY")?,
            base_image: docker("DOKPLOY_TEST_BASE_IMAGE")?,
            rounds: variable("DOKPLOY_TEST_ROUNDS").map_or(1, |rounds| {
                rounds.parse().expect("DOKPLOY_TEST_ROUNDS is a number")
            }),
        })
    }
}

/// The value of a variable that a test needs, or `None` after having said that the test is skipped.
///
/// # Panics
///
/// Where `DOKPLOY_TEST_REQUIRE` names what the variable stands for.
pub fn require(what: &str, name: &str) -> Option<String> {
    let value = variable(name);
    if value.is_none() {
        skip(
            what,
            &format!("{name} is not set; run tests/environment/up"),
        );
    }
    value
}

/// Says that a test is skipped because something is not there.
///
/// # Panics
///
/// Where `DOKPLOY_TEST_REQUIRE` names it.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub fn skip(what: &str, why: &str) {
    let required = variable("DOKPLOY_TEST_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|name| name == what),
        "{what} is required: {why}"
    );
    eprintln!("skipped: {why}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are configured by the environment"
)]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
