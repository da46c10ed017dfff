//! Which parts of the outside world a test may use.

/// The value of a variable, or `None` after saying that the test is skipped.
///
/// # Panics
///
/// When the variable is unset and `DOKPLOY_TEST_REQUIRE` names what it stands for.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the environment of the tests is read here, and whoever runs them is told what was left out"
)]
pub(crate) fn require(what: &str, variable: &str) -> Option<String> {
    if let Ok(value) = std::env::var(variable) {
        return Some(value);
    }
    let required = std::env::var("DOKPLOY_TEST_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|name| name == what),
        "{what} is required, but {variable} is not set"
    );
    println!("skipped: {variable} is not set");
    None
}
