use proptest::prelude::*;

use super::*;

fn rules(text: &str) -> Dockerignore {
    Dockerignore::parse(text.as_bytes()).unwrap()
}

/// Each row: the ignore file, what it leaves out, what it keeps.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    ("", &[], &["a", "a/b"]),
    ("# comment\n\n   \n", &[], &["# comment", "a"]),
    (" # pattern", &["# pattern"], &["a"]),
    ("a", &["a", "a/b", "a/b/c"], &["b", "b/a", "ab", "A"]),
    ("/a", &["a", "a/b"], &["b/a"]),
    ("a/", &["a", "a/b"], &["b/a"]),
    ("./a", &["a"], &["b/a"]),
    ("a//b/../c", &["a/c"], &["a/b"]),
    ("a   \t", &["a"], &["a   "]),
    ("  a", &["a"], &["  a"]),
    ("*", &["a", "a/b", ".hidden"], &[]),
    (".", &[], &["a", "a/b"]),
    ("/", &[], &["a", "a/b"]),
    (
        "*/temp*",
        &["x/temp", "x/temporary.txt", "x/temp/y"],
        &["temp", "x/y/temp"],
    ),
    ("*/*/temp*", &["x/y/temporary.txt"], &["x/temp"]),
    ("temp?", &["tempa", "tempb", "tempa/x"], &["temp", "tempab"]),
    ("**/*.go", &["a.go", "x/a.go", "x/y/z.go"], &["a.god", "go"]),
    ("**", &["a", "a/b/c"], &[]),
    ("**/", &["a", "a/b/c"], &[]),
    ("a/**", &["a/b", "a/b/c"], &["a", "ab/c"]),
    ("a**", &["a", "ab", "ab/c", "a/b"], &["b"]),
    ("**/a", &["a", "b/a", "b/c/a", "b/a/d"], &["ba", "ab"]),
    ("**a", &["a", "ba", "c/ba"], &["ab"]),
    ("**/a/**", &["a/b", "x/a/b", "x/y/a/b/c"], &["a", "x/a"]),
    ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["b", "a/xb", "ab"]),
    ("a*b", &["ab", "axb"], &["a/b", "abc"]),
    ("[a-c]x", &["ax", "cx"], &["dx", "x"]),
    ("[^a-c]x", &["dx"], &["ax"]),
    ("[!a]x", &["!x", "ax"], &["bx"]),
    ("[a&&b]", &["&"], &["[a&&b]", "c"]),
    ("[\\]]", &["]"], &["\\"]),
    ("\\*", &["*"], &["a"]),
    ("\\!a", &["!a"], &["a"]),
    ("a.b", &["a.b"], &["axb"]),
    ("a*.(b)+{1}|^$", &["ax.(b)+{1}|^$"], &["a"]),
    ("ä?", &["äö"], &["ä", "äöü"]),
    ("\u{feff}a", &["a"], &["\u{feff}a"]),
    (
        "*.md\n!README.md",
        &["CHANGES.md"],
        &["README.md", "x/CHANGES.md"],
    ),
    ("!README.md\n*.md", &["README.md"], &["README"]),
    (
        "*.md\n!README*.md\nREADME-secret.md",
        &["README-secret.md", "a.md"],
        &["README-x.md"],
    ),
    (
        "*.md\nREADME-secret.md\n!README*.md",
        &["a.md"],
        &["README-secret.md"],
    ),
    (
        "dir\n!dir/keep",
        &["dir", "dir/other"],
        &["dir/keep", "dir/keep/x"],
    ),
    (
        "dir/**\n!dir/a/**",
        &["dir/b", "dir/a"],
        &["dir", "dir/a/x"],
    ),
    (
        "*\n!src\nsrc/secret",
        &["a", "src/secret", "src/secret/x"],
        &["src", "src/x"],
    ),
    ("* \n! /src ", &["a"], &["src/x"]),
    ("**\n!**/*.rs", &["a", "b/c"], &["a.rs", "b/c.rs"]),
    // The last line was not asked about `x`, which the first had decided already.
    ("x\n!x/y\nx", &["x", "x/z"], &["x/y", "y"]),
    ("../a", &[], &["a", "b/a"]),
    ("/../a", &["a"], &["b/a"]),
    ("a\r\nb\r\n", &["a", "b"], &["a\r"]),
];

#[test]
fn each_pattern_leaves_out_what_docker_leaves_out() {
    for (text, ignored, kept) in TABLE {
        let rules = rules(text);
        for path in *ignored {
            assert!(rules.matches(path), "{text:?} must leave out {path:?}");
        }
        for path in *kept {
            assert!(!rules.matches(path), "{text:?} must keep {path:?}");
        }
    }
}

#[test]
fn what_is_not_a_pattern_is_refused_with_its_line() {
    for text in [
        "[", "[]", "[]a]", "a[", "[a-]", "[-a]", "[b-a]", "a\\", "!", "! ", "[^]", "[\\",
    ] {
        let error = Dockerignore::parse(format!("ok\n{text}").as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{text:?}");
        assert!(
            error.message().starts_with("line 2 of the ignore file"),
            "{error}"
        );
    }
    let many = "a\n".repeat(PATTERNS_MAX + 1);
    assert!(Dockerignore::parse(many.as_bytes()).is_err());
}

#[test]
fn an_ignored_directory_is_walked_only_where_an_exception_could_be_inside() {
    let table = [
        ("*\n!a/b/c", "a", true),
        ("*\n!a/b/c", "a/b", true),
        ("*\n!a/b/c", "a/x", false),
        ("*\n!a/b/c", "z", false),
        ("*\n!**/keep", "z/y", true),
        ("*\n!a/*/c", "a/x", true),
        ("*\n!a/*/c", "b", false),
        ("*", "a", false),
    ];
    for (text, directory, expected) in table {
        assert_eq!(
            rules(text).excepts_below(directory.as_bytes()),
            expected,
            "{text:?} {directory}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_and_no_path_makes_it_panic(text in any::<Vec<u8>>(), path in any::<Vec<u8>>()) {
        if let Ok(rules) = Dockerignore::parse(&text) {
            let root = rules.root();
            let _ = rules.ignores_below(&rules.enter(&root, &path), &path);
            let _ = rules.excepts_below(&path);
        }
    }

    #[test]
    fn lines_of_special_characters_never_panic(text in r"([!*?\[\]\\/.^$a-c -]{0,12}\n){0,6}", path in "[a-c!*./]{0,12}") {
        if let Ok(rules) = Dockerignore::parse(text.as_bytes()) {
            let _ = rules.matches(&path);
        }
    }

    #[test]
    fn a_plain_name_matches_itself_and_what_is_below_it(name in "[a-z]{1,8}(/[a-z]{1,8}){0,3}", below in "[a-z]{1,8}") {
        let rules = Dockerignore::parse(name.as_bytes()).unwrap();
        prop_assert!(rules.matches(&name));
        let child = format!("{name}/{below}");
        let sibling = format!("{name}{below}");
        prop_assert!(rules.matches(&child));
        prop_assert!(!rules.matches(&sibling));
    }

    #[test]
    fn a_walk_never_skips_what_an_exception_keeps(exception in "[a-c]{1}(/[a-c*]{1,2}){0,2}", path in "[a-c]{1}(/[a-c]{1}){0,3}") {
        let rules = Dockerignore::parse(format!("*\n!{exception}").as_bytes()).unwrap();
        if !rules.matches(&path) {
            for (position, _) in path.match_indices('/') {
                let parent = &path[..position];
                prop_assert!(!rules.matches(parent) || rules.excepts_below(parent.as_bytes()), "{} hides {}", parent, path);
            }
        }
    }
}
