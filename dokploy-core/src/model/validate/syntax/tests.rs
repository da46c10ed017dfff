use super::*;

fn check(name: &str, accepts: impl Fn(&str) -> bool, good: &[&str], bad: &[&str]) {
    for text in good {
        assert!(accepts(text), "{name} refuses {text:?}");
    }
    for text in bad {
        assert!(!accepts(text), "{name} accepts {text:?}");
    }
}

#[test]
fn names_follow_their_rules() {
    check(
        "variable",
        is_variable,
        &["A", "_x9"],
        &["", "9a", "a-b", "a=b", "ä", "a b"],
    );
    check(
        "object",
        is_object_name,
        &["a", "A_b.c-9"],
        &["", "_a", "/a", "a/b", "a:b", "..", "a\0"],
    );
    check(
        "host",
        is_host,
        &["a", "shop.example.com", "xn--bcher-kva.example", "10.0.0.1"],
        &[
            "",
            ".",
            "a.",
            ".a",
            "-a.b",
            "a-.b",
            "*.a",
            "a b",
            "a`",
            "a|b",
            "a/b",
            "a:1",
            "a_b",
            "ä.de",
            "a`) || Host(`b",
        ],
    );
    let long_label = "x".repeat(64);
    assert!(!is_host(&long_label) && !is_host(&["a"; 127].join(".").repeat(2)));
    check(
        "user",
        is_user,
        &["1000", "1000:1000", "nobody", "app:app", "0"],
        &[
            "",
            ":",
            "a:",
            ":a",
            "a:b:c",
            "-a",
            "a b",
            "4294967296",
            "a/b",
        ],
    );
}

#[test]
fn paths_follow_their_rules() {
    check(
        "prefix",
        is_url_prefix,
        &["/", "/api/v1", "/a.b~c%20"],
        &[
            "", "api", "//", "/a//b", "/a b", "/a`", "/a\"", "/a|b", "/(a)", "/../a", "/a&&b",
            "/{a}",
        ],
    );
    check(
        "relative",
        is_relative_path,
        &[".", "a/b", "./a", "docker/Dockerfile.prod", "..a"],
        &[
            "", "/a", "..", "a/../b", "../a", "-f", "a\\..\\b", "a\nb", "a\0",
        ],
    );
    check(
        "absolute",
        is_absolute_path,
        &["/a", "/var/lib/data", "/a b"],
        &[
            "", "/", "a", "/a/", "//a", "/a/../b", "/./a", "/a\n", "/a\0",
        ],
    );
}

#[test]
fn git_urls_are_refused_for_a_reason_that_does_not_repeat_them() {
    let good = [
        "https://github.com/a/b.git",
        "http://127.0.0.1:3000/a/b",
        "ssh://git@example.com:2222/a/b.git",
        "ssh://[2001:db8::1]/a",
        "git@github.com:a/b.git",
        "example.com:a/b",
        "file:///srv/git/a.git",
    ];
    for url in good {
        assert_eq!(git_url_flaw(url), None, "{url}");
    }
    let bad = [
        ("", "empty"),
        ("-oProxyCommand=x", "hyphen"),
        ("--upload-pack=x", "hyphen"),
        ("https://example.com/a b", "white space"),
        ("https://example.com/a\nb", "white space"),
        ("ext::sh -c id", "white space"),
        ("ext::sh", "transport helper"),
        ("fd::17/x", "transport helper"),
        ("ftp://example.com/a", "scheme"),
        ("git://example.com/a", "scheme"),
        ("https://user:pass@example.com/a", "credentials"),
        ("https://token@example.com/a", "credentials"),
        ("ssh://git:pass@example.com/a", "credentials"),
        ("user:pass@example.com:a", "credentials"),
        ("ssh://-oProxyCommand=x/a", "host"),
        ("ssh://-l@example.com/a", "user name"),
        ("https:///a", "user@host:path"),
        ("https://example.com", "path"),
        ("https://example.com/-a", "path"),
        ("https://example.com/a#b", "fragment"),
        ("https://example.com/a%0Ahost=b", "escaped"),
        ("git@-example.com:a", "user@host:path"),
        ("git@example.com:-a", "user@host:path"),
        ("/srv/git/a", "user@host:path"),
        ("../a", "user@host:path"),
    ];
    for (url, why) in bad {
        let Some(flaw) = git_url_flaw(url) else {
            panic!("{url:?} is accepted");
        };
        let fine = flaw.contains(why) || (url == "https:///a" && !flaw.is_empty());
        assert!(fine, "{url:?}: {flaw}");
        assert!(!flaw.contains("pass") && !flaw.contains("token"), "{flaw}");
    }
}

#[test]
fn git_references_follow_gits_rules() {
    check(
        "reference",
        is_git_reference,
        &[
            "main",
            "feature/x-1",
            "refs/tags/v1.0",
            "a;b",
            "$(id)",
            "a@b",
            "ü",
        ],
        &[
            "", "-a", "a b", "a..b", "a/", "/a", "a//b", ".a", "a/.b", "a.lock", "a.LOCK/b", "a.",
            "@", "a@{1}", "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b", "a\0b", "a\nb",
        ],
    );
}

#[test]
fn image_references_follow_the_engines_grammar() {
    let digest = format!("app@sha256:{}", "a".repeat(64));
    let full = format!(
        "registry.example.com:5000/team/my__app:1.2-rc_1@sha256:{}",
        "0".repeat(64)
    );
    check(
        "image",
        is_image_reference,
        &[
            "nginx",
            "nginx:1.27",
            "team/app",
            "localhost/app:1",
            "a.b/c",
            "a--b",
            &digest,
            &full,
        ],
        &[
            "",
            "Nginx",
            "nginx:",
            ":1",
            "a//b",
            "/a",
            "a/",
            "a b",
            "a:b c",
            "a:-1",
            "a_-b",
            "a..b",
            "-a",
            "a-",
            "a@sha256:12",
            "a@md5:aa",
            "https://a.b/c",
            "a.b:0/c",
            "a.b:x/c",
            "a___b",
            "a:1:2",
            "a\n",
        ],
    );
    check(
        "registry",
        is_registry,
        &[
            "registry.example.com",
            "registry.example.com/team",
            "127.0.0.1:5000/a/b",
            "localhost",
        ],
        &[
            "",
            "team",
            "https://a.b",
            "a.b/",
            "a.b/c:1",
            "a.b/C",
            "a.b:99999",
            "a.b /c",
            "-a.b/c",
        ],
    );
}

#[test]
fn constraints_follow_swarms_grammar() {
    check(
        "constraint",
        is_constraint,
        &[
            "node.role==manager",
            "node.labels.disk != ssd",
            "engine.labels.os==linux",
            "node.hostname==a",
        ],
        &[
            "",
            "node.role",
            "node.role=manager",
            "==a",
            "node.role==",
            "node.labels.==a",
            "node.foo==a",
            "a==b\n",
        ],
    );
}
