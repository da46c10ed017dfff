//! Names and sizes of files.

use super::{check, texts};

const LINES_MAX: usize = 500;

const SUFFIXES: &[&str] = &[".rs", ".ts", ".tsx", ".py", ".js", ".mjs", ".sql"];

#[test]
fn no_file_is_longer_than_can_be_read_at_once() {
    let long: Vec<_> = texts(".", SUFFIXES)
        .iter()
        // What a program makes of the core's shapes is as long as they are many.
        .filter(|text| {
            !text
                .content
                .lines()
                .take(8)
                .any(|line| line.contains("changes here are lost"))
        })
        .map(|text| (text.content.lines().count(), &text.path))
        .filter(|(lines, _)| *lines > LINES_MAX)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    check("a file has one subject and at most 500 lines", &long);
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    let vague = [
        "mod", "utils", "util", "helpers", "helper", "common", "manager", "misc",
    ];
    let found: Vec<_> = texts(".", SUFFIXES)
        .into_iter()
        .map(|text| text.path)
        .filter(|path| {
            let parts: Vec<_> = path.split('/').collect();
            let stem = parts
                .last()
                .and_then(|name| name.split('.').next())
                .unwrap_or_default();
            vague.contains(&stem)
                || parts
                    .iter()
                    .rev()
                    .skip(1)
                    .any(|part| vague[1..].contains(part))
        })
        .collect();
    check(
        "name it after what it does, or put it where it is used",
        &found,
    );
}

#[test]
fn every_migration_exists_for_both_databases() {
    let names = |database: &str| {
        let mut names: Vec<_> = texts(&format!("dokploy-core/migrations/{database}"), &[".sql"])
            .iter()
            .map(|text| text.path.rsplit('/').next().unwrap_or_default().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("postgres"), names("sqlite"));
}
