//! Which part may know of which.

use super::{check, texts};

/// Lines of code: comments and everything from the unit tests on are left out.
fn code(content: &str) -> impl Iterator<Item = (usize, &str)> {
    content
        .lines()
        .enumerate()
        .take_while(|(_, line)| *line != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line))
}

/// Whether a line uses a crate or a name as a path, and not as a part of another word.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_word(before) && !is_word(after)
    })
}

fn complaints(below: &str, words: &[&str], allowed: impl Fn(&str) -> bool) -> Vec<String> {
    let mut complaints = Vec::new();
    for text in texts(below, &[".rs"]) {
        if allowed(&text.path) {
            continue;
        }
        for (number, line) in code(&text.content) {
            for word in words.iter().filter(|word| names(line, word)) {
                complaints.push(format!("{}:{number}: {word}", text.path));
            }
        }
    }
    complaints
}

#[test]
fn each_backend_crate_is_named_in_one_folder() {
    let homes = [
        (&["bollard", "bollard_buildkit_proto"][..], "runtime/docker"),
        (&["gix", "gix_transport"], "source/git"),
        (&["sqlx"], "store/sql"),
        (&["fred"], "/redis"),
    ];
    for (crates, home) in homes {
        let found = complaints("dokploy-core/src", crates, |path| path.contains(home));
        check(
            &format!("{crates:?} may only be named below {home}"),
            &found,
        );
        for front in ["dokploy-http", "dokploy-py", "dokploy-node"] {
            let found = complaints(&format!("{front}/src"), crates, |_| false);
            check("front ends know the core and no backend", &found);
        }
    }
}

#[test]
fn the_pure_part_knows_no_runtime_and_no_backend() {
    let impure = [
        "tokio",
        "async",
        "await",
        "std::fs",
        "std::net",
        "SystemClock",
        "now_utc",
    ];
    let found = complaints("dokploy-core/src/deployment", &impure, |_| false);
    check(
        "the deployment module is a function from events to a state",
        &found,
    );
    let pure = [
        "order.rs",
        "fingerprint.rs",
        "rollout.rs",
        "service.rs",
        "plan/changes.rs",
    ];
    let found = complaints(
        "dokploy-core/src/engine",
        &["tokio", "async", "await"],
        |path| {
            !pure
                .iter()
                .any(|file| path.ends_with(&format!("engine/{file}")))
        },
    );
    check("these files of the engine decide and do nothing", &found);
}

#[test]
fn the_engine_knows_traits_and_no_backend() {
    let backends = [
        "DockerRuntime",
        "FakeRuntime",
        "GitFetcher",
        "FakeSource",
        "SqlStore",
        "MemoryStore",
        "SharedBus",
        "RedisCache",
        "RedisLimiter",
    ];
    let found = complaints("dokploy-core/src/engine", &backends, |path| {
        path.ends_with("open.rs")
    });
    check("only open.rs puts backends together", &found);
}

#[test]
fn only_the_store_writes_events() {
    let found = complaints("dokploy-core/src", &["INSERT INTO events"], |path| {
        path.contains("/store/")
    });
    check(
        "every change of a deployment is an event that the store appends",
        &found,
    );
}

#[test]
fn the_clock_ids_and_the_environment_are_read_in_one_place_each() {
    let clock = ["SystemTime::now", "OffsetDateTime::now_utc"];
    let found = complaints("dokploy-core/src", &clock, |path| {
        path.ends_with("src/clock.rs")
    });
    check("the present comes from a Clock", &found);
    let found = complaints(
        "dokploy-core/src",
        &["Uuid::now_v7", "Uuid::new_v4"],
        |path| path.ends_with("src/id.rs"),
    );
    check("ids come from id.rs", &found);
    let found = complaints("dokploy-core/src", &["std::env", "env::var"], |_| false);
    check(
        "the core is configured by its caller, not by the environment",
        &found,
    );
    let found = complaints("dokploy-http/src", &["std::env", "env::var"], |path| {
        path.ends_with("config.rs")
    });
    check("the environment is read in config.rs", &found);
}

#[test]
fn the_product_starts_no_other_program() {
    for below in [
        "dokploy-core/src",
        "dokploy-http/src",
        "dokploy-py/src",
        "dokploy-node/src",
    ] {
        let found = complaints(below, &["process::Command", "Command::new"], |path| {
            // The argument parser has a type of this name.
            path.ends_with("arguments.rs")
        });
        check("no shell, no docker client, no git program", &found);
    }
}
