//! The payloads of the providers' documentations, read as what they say.

use bytes::Bytes;
use dokploy_core::model::RepositoryKey;
use dokploy_core::webhook::{self, Delivery, Event, Parsed, Provider, Push};

use super::sending::{SECRET, sample, secret, signature, signed, unsigned};

fn read(delivery: &Delivery) -> Parsed {
    let parsed = webhook::parse(delivery).unwrap();
    assert!(parsed.proof.holds(&secret()), "{parsed:?}");
    assert!(!parsed.proof.holds(&"another".into()), "{parsed:?}");
    parsed
}

fn pushes(provider: Provider, event: &str, body: &str) -> Vec<Push> {
    match read(&signed(provider, event, "delivery-1", body, SECRET)).event {
        Event::Pushes(pushes) => pushes,
        other @ Event::Other { .. } => panic!("{other:?}"),
    }
}

fn push(provider: Provider, event: &str, body: &str) -> Push {
    let mut pushes = pushes(provider, event, body);
    assert_eq!(pushes.len(), 1);
    pushes.remove(0)
}

fn keys(push: &Push) -> Vec<&str> {
    push.repositories
        .iter()
        .map(RepositoryKey::as_str)
        .collect()
}

fn paths(push: &Push) -> Vec<&str> {
    let paths = push.paths.iter().flatten();
    paths.map(String::as_str).collect()
}

#[test]
fn a_push_of_github() {
    let push = push(Provider::GitHub, "push", sample::GITHUB_PUSH);
    assert_eq!(push.delivery_id, "delivery-1");
    assert_eq!(keys(&push), ["git:github.com/team/web"]);
    assert_eq!(push.reference, "refs/heads/main");
    assert_eq!(push.default_branch.as_deref(), Some("refs/heads/main"));
    assert_eq!(&push.before.as_ref().unwrap()[..7], "6113728");
    assert_eq!(&push.after.as_ref().unwrap()[..7], "59b20b8");
    assert_eq!(
        push.message.as_deref(),
        Some("Count the basket\n\nIt was empty before.")
    );
    assert_eq!(
        paths(&push),
        ["docs/old.md", "src/basket.rs", "src/main.rs"]
    );
    assert_eq!(push.pushed_at.unwrap().to_string(), "2026-03-01T09:00:01Z");
    assert!(!push.deleted);
}

#[test]
fn a_push_of_github_as_a_form() {
    let form: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", sample::GITHUB_PUSH)
        .finish();
    let signature = format!("sha256={}", signature(SECRET, &form));
    let delivery = Delivery {
        provider: Provider::GitHub,
        headers: [
            ("X-GitHub-Event", "push"),
            ("X-GitHub-Delivery", "delivery-1"),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("X-Hub-Signature-256", &signature),
        ]
        .into_iter()
        .collect(),
        token: None,
        body: Bytes::from(form.clone()),
    };
    let bare = push(Provider::GitHub, "push", sample::GITHUB_PUSH);
    assert_eq!(read(&delivery).event, Event::Pushes(vec![bare]));
}

#[test]
fn a_tag_and_a_deleted_branch_of_github() {
    let tag = push(Provider::GitHub, "push", sample::GITHUB_TAG);
    assert_eq!(tag.reference, "refs/tags/v1.0.0");
    assert_eq!((tag.before, tag.paths), (None, None));
    let gone = push(Provider::GitHub, "push", sample::GITHUB_DELETE);
    assert!(gone.deleted && gone.after.is_none(), "{gone:?}");
}

#[test]
fn what_is_no_push_says_so_and_names_the_repository() {
    let delivery = signed(
        Provider::GitHub,
        "ping",
        "delivery-1",
        sample::GITHUB_PING,
        SECRET,
    );
    let event = read(&delivery).event;
    assert_eq!(event.repositories().len(), 1);
    let Event::Other { reason, .. } = event else {
        panic!("{event:?}")
    };
    assert_eq!(
        reason.to_string(),
        "the event is ping, and only a push deploys"
    );
}

#[test]
fn the_paths_of_a_forced_new_or_cut_push_of_github_are_not_known() {
    let forced = sample::GITHUB_PUSH.replace("\"forced\": false", "\"forced\": true");
    let created = sample::GITHUB_PUSH.replace("\"created\": false", "\"created\": true");
    let silent = sample::GITHUB_PUSH.replace("\"added\"", "\"other\"");
    for body in [forced, created, silent] {
        assert_ne!(body, sample::GITHUB_PUSH);
        assert_eq!(push(Provider::GitHub, "push", &body).paths, None);
    }
}

#[test]
fn a_push_of_gitlab() {
    let push = push(Provider::GitLab, "Push Hook", sample::GITLAB_PUSH);
    assert_eq!(keys(&push), ["git:gitlab.example/team/sub/web"]);
    assert_eq!(push.reference, "refs/heads/main");
    assert_eq!(
        push.message.as_deref(),
        Some("Fix the readme [skip ci]\n"),
        "that of the last commit"
    );
    assert_eq!(
        paths(&push),
        [
            "CHANGELOG",
            "README.md",
            "app/controller/application.rb",
            "app/old.rb"
        ]
    );
}

#[test]
fn the_paths_of_a_push_of_gitlab_that_lists_not_all_commits_are_not_known() {
    let cut =
        sample::GITLAB_PUSH.replace("\"total_commits_count\": 2", "\"total_commits_count\": 21");
    assert_eq!(push(Provider::GitLab, "Push Hook", &cut).paths, None);
}

#[test]
fn a_tag_of_gitlab_on_ports_of_its_own() {
    let tag = push(Provider::GitLab, "Tag Push Hook", sample::GITLAB_TAG);
    assert_eq!(tag.reference, "refs/tags/v1.0.0");
    assert_eq!(keys(&tag), ["git:gitlab.example/jsmith/example"]);
    assert_eq!(tag.message.as_deref(), Some("The first one"));
}

#[test]
fn a_push_of_gitea_and_of_forgejo() {
    let gitea = push(Provider::Gitea, "push", sample::GITEA_PUSH);
    assert_eq!(
        keys(&gitea),
        [
            "git:code.example/ann/webhooks",
            "git:code.example/git/ann/webhooks"
        ]
    );
    assert_eq!(gitea.reference, "refs/heads/develop");
    assert_eq!(paths(&gitea), ["api/handler.go"]);
    assert_eq!(gitea.message.as_deref(), Some("Webhooks yay!\n"));
    let signature = signature(SECRET, sample::GITEA_PUSH);
    let forgejo = Delivery {
        headers: [
            ("X-Forgejo-Event", "push"),
            ("X-Forgejo-Delivery", "delivery-1"),
            ("X-Forgejo-Signature", signature.as_str()),
        ]
        .into_iter()
        .collect(),
        ..unsigned(Provider::Gitea, "push", "", sample::GITEA_PUSH)
    };
    assert_eq!(read(&forgejo).event, Event::Pushes(vec![gitea]));
}

#[test]
fn each_change_of_a_push_of_bitbucket_is_one() {
    let pushes = pushes(Provider::Bitbucket, "repo:push", sample::BITBUCKET_PUSH);
    let told: Vec<_> = pushes
        .iter()
        .map(|push| (push.reference.as_str(), push.deleted))
        .collect();
    assert_eq!(
        told,
        [
            ("refs/heads/main", false),
            ("refs/tags/v2", false),
            ("refs/heads/done", true)
        ]
    );
    assert_eq!(keys(&pushes[0]), ["git:bitbucket.org/team/web"]);
    assert_eq!(pushes[0].message.as_deref(), Some("Ship it\n"));
    assert_eq!(pushes[0].paths, None, "Bitbucket does not say");
}

#[test]
fn a_push_of_bitbucket_data_center() {
    let pushes = pushes(
        Provider::Bitbucket,
        "repo:refs_changed",
        sample::BITBUCKET_SERVER,
    );
    assert_eq!(
        keys(&pushes[0]),
        [
            "git:code.example/proj/repository",
            "git:code.example/scm/proj/repository"
        ]
    );
    assert_eq!(pushes[0].reference, "refs/heads/master");
    assert_eq!(
        pushes[0].pushed_at.unwrap().to_string(),
        "2026-09-18T23:58:11Z"
    );
    assert!(pushes[1].deleted);
}

#[test]
fn a_push_to_docker_hub_with_the_secret_in_the_address() {
    let delivery = Delivery {
        token: Some(secret()),
        ..unsigned(Provider::Docker, "application/json", "", sample::DOCKER_HUB)
    };
    let Event::Pushes(pushes) = read(&delivery).event else {
        panic!("a push is expected")
    };
    assert_eq!(keys(&pushes[0]), ["image:docker.io/team/web"]);
    assert_eq!(pushes[0].reference, "1.2");
    assert!(pushes[0].delivery_id.starts_with("sha256:"));
}

#[test]
fn only_the_push_of_a_tag_to_a_registry_is_one() {
    let media_type = "application/vnd.docker.distribution.events.v1+json";
    let push = push(Provider::Docker, media_type, sample::DOCKER_REGISTRY);
    assert_eq!(
        keys(&push),
        [
            "image:10.0.0.7:5000/team/web",
            "image:registry.example:5000/team/web"
        ]
    );
    assert_eq!(push.reference, "1.2");
    assert_eq!(push.delivery_id, "6d7a8f3e-92ce-4a4f-8b6b-5e2e5f3b1a7c");
    assert!(push.after.unwrap().starts_with("sha256:fea8"));
}

#[test]
fn a_body_of_another_provider_is_refused_without_a_panic() {
    let bodies = [
        sample::GITHUB_PUSH,
        sample::GITLAB_PUSH,
        sample::BITBUCKET_PUSH,
        sample::DOCKER_HUB,
        "",
        "null",
        "[]",
        "{}",
    ];
    let events = [
        (Provider::GitHub, "push", sample::GITHUB_PUSH),
        (Provider::GitLab, "Push Hook", sample::GITLAB_PUSH),
        (Provider::Gitea, "push", sample::GITEA_PUSH),
        (Provider::Bitbucket, "repo:push", sample::BITBUCKET_PUSH),
        (Provider::Docker, "application/json", sample::DOCKER_HUB),
    ];
    for (provider, event, own) in events {
        // Gitea has the form of GitHub, and is meant to.
        let alike = |body: &str| provider == Provider::Gitea && body == sample::GITHUB_PUSH;
        for body in bodies.iter().filter(|body| **body != own && !alike(body)) {
            let delivery = signed(provider, event, "1", body, SECRET);
            let error = webhook::parse(&delivery).unwrap_err();
            assert_eq!(error.code(), "invalid_spec", "{provider} {body:.40}");
        }
    }
}
