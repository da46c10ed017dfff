//! What must not stand in the sources.

use super::{check, texts};

fn lines_with(words: &[&str], suffixes: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for text in texts(".", suffixes) {
        // This folder names what it looks for.
        if text.path.starts_with("tests/tidy/") {
            continue;
        }
        for (index, line) in text.content.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{}: {}", text.path, index + 1, line.trim()));
            }
        }
    }
    found
}

#[test]
fn no_test_is_switched_off_and_no_work_is_left_for_later() {
    let words = [
        "#[ignore",
        "todo!(",
        "unimplemented!(",
        "FIXME",
        "XXX",
        "TODO",
        ".skip(true",
        " xit(",
        "pytest.mark.skip",
        "clippy::all",
    ];
    check(
        "finish it or leave it out",
        &lines_with(&words, &[".rs", ".ts", ".tsx", ".py"]),
    );
}

#[test]
fn nothing_names_a_place_of_one_machine() {
    let words = ["/work/", "../shared", "/root/."];
    let suffixes = [
        ".rs", ".md", ".toml", ".ts", ".tsx", ".py", ".sql", ".json", "Makefile",
    ];
    check(
        "the project works wherever it is",
        &lines_with(&words, &suffixes),
    );
}

#[test]
fn documentation_has_no_example_that_is_not_compiled() {
    check(
        "use `no_run`, or compile it",
        &lines_with(&["```ignore"], &[".rs"]),
    );
}
