//! Whatever anybody sends: no parser panics, and nothing becomes true by being sent.

use bytes::Bytes;
use dokploy_core::model::{ApplicationSpec, GitSource};
use dokploy_core::webhook::{self, Delivery, Event, Provider, verdict};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::sending::{SECRET, sample, secret, signed, unsigned};

const EVENTS: [(Provider, &str, &str); 8] = [
    (Provider::GitHub, "push", sample::GITHUB_PUSH),
    (Provider::GitHub, "push", sample::GITHUB_TAG),
    (Provider::GitLab, "Push Hook", sample::GITLAB_PUSH),
    (Provider::Gitea, "push", sample::GITEA_PUSH),
    (Provider::Bitbucket, "repo:push", sample::BITBUCKET_PUSH),
    (
        Provider::Bitbucket,
        "repo:refs_changed",
        sample::BITBUCKET_SERVER,
    ),
    (Provider::Docker, "application/json", sample::DOCKER_HUB),
    (
        Provider::Docker,
        "application/json",
        sample::DOCKER_REGISTRY,
    ),
];

/// Any JSON, with the names that the parsers look for.
fn json() -> impl Strategy<Value = Value> {
    let names = select(vec![
        "ref",
        "before",
        "after",
        "commits",
        "repository",
        "push",
        "changes",
        "new",
        "old",
        "target",
        "events",
        "push_data",
        "clone_url",
        "links",
        "tag",
        "added",
        "message",
        "project",
        "name",
        "type",
        "pushed_at",
        "date",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-f0-9]{40}".prop_map(Value::from),
        "(https://|git@|refs/heads/)[a-zA-Z0-9:/.%@-]{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((names.clone(), inner), 0..8).prop_map(|fields| {
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value));
                Value::Object(fields.collect())
            }),
        ]
    })
}

/// Replaces the value at the `at`-th place of a document.
fn replace(document: &mut Value, at: &mut usize, with: &Value) {
    if *at == 0 {
        *document = with.clone();
    }
    *at = at.wrapping_sub(1);
    match document {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, at, with)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|field| replace(field, at, with)),
        _ => {}
    }
}

/// Reads it, and asks everything that is asked about what was read.
fn exercise(delivery: &Delivery) {
    let Ok(parsed) = webhook::parse(delivery) else {
        return;
    };
    let _ = parsed.event.repositories();
    let mut spec = ApplicationSpec::named("web");
    let mut git = GitSource::branch("https://git.example/web", "main");
    git.watch_paths = vec!["src/**".to_owned()];
    spec.git_source = Some(git);
    let Event::Pushes(pushes) = parsed.event else {
        return;
    };
    for push in pushes {
        assert!(push.delivery_id.len() <= 100 && !push.delivery_id.is_empty());
        let _ = push.is_older_than_one_of(&[(&push).into()]);
        match verdict(&push, &spec) {
            Ok(request) => request.validate().unwrap(),
            Err(reason) => assert!(reason.to_string().len() < 1_000),
        }
    }
}

proptest! {
    #[test]
    fn bytes_of_any_kind_are_read_or_refused(
        (provider, event, _) in select(EVENTS.to_vec()),
        body in proptest::collection::vec(any::<u8>(), 0..400),
        id in ".{0,200}",
        form in any::<bool>(),
    ) {
        let text = String::from_utf8_lossy(&body).into_owned();
        let mut delivery = unsigned(provider, event, &id, &text);
        if form {
            let headers = [("X-GitHub-Event", event), ("Content-Type", "application/x-www-form-urlencoded")];
            delivery.headers = headers.into_iter().collect();
        }
        delivery.body = Bytes::from(body);
        exercise(&delivery);
    }

    #[test]
    fn json_of_any_form_is_read_or_refused((provider, event, _) in select(EVENTS.to_vec()), body in json()) {
        exercise(&unsigned(provider, event, "1", &body.to_string()));
    }

    #[test]
    fn a_payload_with_one_odd_value_is_read_or_refused(
        (provider, event, body) in select(EVENTS.to_vec()),
        at in 0_usize..200,
        value in json(),
    ) {
        let mut document: Value = serde_json::from_str(body).unwrap();
        replace(&mut document, &mut { at }, &value);
        exercise(&unsigned(provider, event, "1", &document.to_string()));
    }

    #[test]
    fn nothing_but_the_secret_proves_a_delivery(
        (provider, event, body) in select(EVENTS.to_vec()),
        other in ".{0,64}",
        flipped in any::<proptest::sample::Index>(),
    ) {
        let parsed = webhook::parse(&signed(provider, event, "1", body, &other)).unwrap();
        prop_assert_eq!(parsed.proof.holds(&secret()), other == SECRET);
        // One letter of the body is another one: whoever signs has signed something else.
        if matches!(provider, Provider::GitHub | Provider::Gitea | Provider::Bitbucket) {
            let mut delivery = signed(provider, event, "1", body, SECRET);
            let mut bytes = body.as_bytes().to_vec();
            let letters: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_lowercase()).collect();
            bytes[*flipped.get(&letters)] ^= 0x20;
            delivery.body = Bytes::from(bytes);
            if let Ok(parsed) = webhook::parse(&delivery) {
                prop_assert!(!parsed.proof.holds(&secret()));
            }
        }
    }
}

#[test]
fn a_deeply_nested_or_repeated_payload_is_refused_or_bounded() {
    let deep = "[".repeat(200_000);
    for (provider, event, _) in EVENTS {
        assert!(webhook::parse(&unsigned(provider, event, "1", &deep)).is_err());
    }
    let events = vec!["{\"action\":\"pull\"}"; 101].join(",");
    let body = format!("{{\"events\":[{events}]}}");
    let error = webhook::parse(&unsigned(Provider::Docker, "", "1", &body)).unwrap_err();
    assert!(error.message().contains("100 events"), "{error}");
    let change = r#"{"refId":"refs/heads/x","fromHash":null,"toHash":null}"#;
    let body = format!(
        r#"{{"repository":{{"links":{{"clone":[{{"href":"https://h.example/x"}}]}}}},"changes":[{}]}}"#,
        vec![change; 101].join(",")
    );
    let delivery = unsigned(Provider::Bitbucket, "repo:refs_changed", "1", &body);
    assert!(webhook::parse(&delivery).is_err());
}

#[test]
fn too_many_paths_are_as_good_as_none() {
    let mut document: Value = serde_json::from_str(sample::GITHUB_PUSH).unwrap();
    let paths: Vec<_> = (0..3_001).map(|number| format!("docs/{number}")).collect();
    document["commits"][0]["added"] = Value::from(paths);
    let delivery = unsigned(Provider::GitHub, "push", "1", &document.to_string());
    let Event::Pushes(pushes) = webhook::parse(&delivery).unwrap().event else {
        panic!("a push is expected")
    };
    assert_eq!(pushes[0].paths, None);
}
