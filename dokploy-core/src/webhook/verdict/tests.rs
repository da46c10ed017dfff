use super::*;

fn push(reference: &str) -> Push {
    Push {
        delivery_id: "1".to_owned(),
        repositories: Vec::new(),
        reference: reference.to_owned(),
        default_branch: Some("refs/heads/trunk".to_owned()),
        before: None,
        after: None,
        message: None,
        paths: None,
        deleted: false,
        pushed_at: None,
    }
}

fn following(branch: Option<&str>) -> ApplicationSpec {
    let mut spec = ApplicationSpec::named("web");
    let mut git = GitSource::branch("https://git.example/team/web.git", "");
    git.branch = branch.map(str::to_owned);
    spec.git_source = Some(git);
    spec
}

fn watching(patterns: &[&str]) -> ApplicationSpec {
    let mut spec = following(Some("main"));
    if let Some(git) = &mut spec.git_source {
        git.watch_paths = patterns
            .iter()
            .map(|pattern| (*pattern).to_owned())
            .collect();
    }
    spec
}

fn changing(paths: &[&str]) -> Push {
    Push {
        paths: Some(paths.iter().map(|path| (*path).to_owned()).collect()),
        ..push("refs/heads/main")
    }
}

#[test]
fn an_application_follows_its_reference_and_no_other() {
    let cases = [
        (Some("main"), "refs/heads/main", true),
        (Some("main"), "refs/heads/main2", false),
        (Some("main"), "refs/heads/x/main", false),
        (Some("main"), "refs/tags/main", false),
        (Some("main"), "main", false),
        (Some("x/main"), "refs/heads/x/main", true),
        (Some("refs/heads/main"), "refs/heads/main", true),
        (Some("refs/tags/v1"), "refs/tags/v1", true),
        (Some("refs/tags/v1"), "refs/heads/v1", false),
        (None, "refs/heads/trunk", true),
        (None, "refs/heads/main", false),
    ];
    for (branch, reference, expected) in cases {
        let verdict = verdict(&push(reference), &following(branch));
        assert_eq!(verdict.is_ok(), expected, "{branch:?} {reference}");
    }
    let unknown = Push {
        default_branch: None,
        ..push("refs/heads/main")
    };
    assert!(verdict(&unknown, &following(None)).is_ok());
}

#[test]
fn an_image_is_deployed_for_its_tag() {
    let cases = [
        ("registry.example/team/web:1.2", "1.2", true),
        ("registry.example/team/web:1.2", "1.3", false),
        ("registry.example:5000/team/web", "latest", true),
        ("web", "latest", true),
    ];
    for (image, tag, expected) in cases {
        let mut spec = ApplicationSpec::named("web");
        spec.image = Some(image.to_owned());
        assert_eq!(
            verdict(&push(tag), &spec).is_ok(),
            expected,
            "{image} {tag}"
        );
    }
    let mut pinned = ApplicationSpec::named("web");
    pinned.image = Some(format!("web:1.2@sha256:{}", "0".repeat(64)));
    assert!(verdict(&push("1.2"), &pinned).is_err());
}

#[test]
fn a_deleted_reference_and_a_manual_application_deploy_nothing() {
    let deleted = Push {
        deleted: true,
        ..push("refs/heads/main")
    };
    let answer = verdict(&deleted, &following(Some("main"))).unwrap_err();
    assert_eq!(answer.to_string(), "refs/heads/main was deleted");
    let mut manual = following(Some("main"));
    manual.auto_deploy = false;
    let answer = verdict(&push("refs/heads/main"), &manual).unwrap_err();
    assert_eq!(answer, Ignored::AutoDeployOff);
}

#[test]
fn a_mark_anywhere_in_the_message_skips() {
    let saying = |message: &str| Push {
        message: Some(message.to_owned()),
        ..push("refs/heads/main")
    };
    for message in [
        "[skip ci] docs",
        "docs [CI Skip]",
        "docs\n\nno need\n[skip deploy]",
        "x [deploy skip]",
    ] {
        let answer = verdict(&saying(message), &following(Some("main"))).unwrap_err();
        assert!(matches!(answer, Ignored::SkipMark(_)), "{message}");
    }
    for message in ["skip ci", "[skipci]", "[skip  ci]", ""] {
        assert!(
            verdict(&saying(message), &following(Some("main"))).is_ok(),
            "{message}"
        );
    }
}

#[test]
fn only_a_push_that_touches_a_watched_path_deploys() {
    let cases: [(&[&str], &[&str], bool); 14] = [
        (&[], &["docs/a.md"], true),
        (&["api"], &["api/src/main.rs"], true),
        (&["api/"], &["api/src/main.rs"], true),
        (&["api/**"], &["api/src/main.rs"], true),
        (&["api"], &["apis/main.rs", "web/api/x"], false),
        (&["**/*.rs"], &["docs/a.md", "src/deep/x.rs"], true),
        (&["*.md"], &["docs/a.md"], false),
        (&["*.md"], &["README.md"], true),
        (&["api", "!api/docs"], &["api/docs/a.md"], false),
        (&["api", "!api/docs"], &["api/docs/a.md", "api/x"], true),
        (&["!docs"], &["docs/a.md"], false),
        (&["!docs"], &["docs/a.md", "src/x"], true),
        (&["a[bc]"], &["ab"], true),
        (&["a.b"], &["axb"], false),
    ];
    for (patterns, paths, expected) in cases {
        let answer = verdict(&changing(paths), &watching(patterns));
        assert_eq!(answer.is_ok(), expected, "{patterns:?} {paths:?}");
    }
}

#[test]
fn paths_that_are_not_known_and_patterns_that_are_none_deploy() {
    assert!(verdict(&push("refs/heads/main"), &watching(&["api"])).is_ok());
    assert!(verdict(&changing(&["x"]), &watching(&["a["])).is_ok());
}

#[test]
fn the_title_is_one_line_of_bounded_length_whatever_the_message_is() {
    let long = "ü".repeat(500);
    for message in ["", "\n\n", "fix\u{7}\nmore", long.as_str()] {
        let push = Push {
            message: Some(message.to_owned()),
            ..push("refs/heads/main")
        };
        let request = verdict(&push, &following(Some("main"))).unwrap();
        request.validate().unwrap();
        assert!(!request.title.unwrap().is_empty(), "{message:?}");
    }
}

#[test]
fn a_name_of_somebody_else_is_repeated_in_short_and_in_one_line() {
    let answer = Ignored::event(&format!("a\nb{}", "x".repeat(10_000))).to_string();
    assert!(answer.len() < 200 && !answer.contains('\n'), "{answer}");
}
