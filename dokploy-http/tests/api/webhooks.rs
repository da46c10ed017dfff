//! Webhooks over HTTP: who may send them, and what they answer.

use dokploy_core::Actor;
use dokploy_core::id::ApplicationId;
use dokploy_core::model::{ApplicationSpec, GitSource};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::client::Call;
use super::world::Scene;

/// An application of a repository, and the secret that its webhooks are signed with.
async fn application(scene: &Scene, name: &str) -> (ApplicationId, String) {
    let spec = ApplicationSpec {
        git_source: Some(GitSource::branch("https://github.com/team/web.git", "main")),
        ..ApplicationSpec::named(name)
    };
    let system = Actor::system("test");
    let control = &scene.world.control;
    let made = control
        .create_application(&system, scene.project, spec)
        .await
        .unwrap();
    let read = scene
        .world
        .get(&format!("/api/applications/{}", made.id), &scene.developer);
    let shape = read.send().await.expect(200);
    (made.id, shape["webhookSecret"].as_str().unwrap().to_owned())
}

fn push(reference: &str, message: &str) -> Value {
    json!({
        "ref": reference,
        "before": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
        "after": "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5",
        "commits": [],
        "head_commit": {"id": "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5", "message": message},
        "repository": {"clone_url": "https://github.com/Team/web.git", "default_branch": "main"},
    })
}

fn github(scene: &Scene, id: &str, body: &Value, secret: &str) -> Call {
    let text = body.to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    scene
        .world
        .call("POST", "/api/webhooks/github")
        .header("content-type", "application/json")
        .header("x-github-event", "push")
        .header("x-github-delivery", id)
        .header("x-hub-signature-256", signature)
        .bytes(text)
}

#[tokio::test]
async fn a_signed_push_deploys_once_and_is_recorded() {
    let scene = Scene::new().await;
    let (id, secret) = application(&scene, "hooked").await;
    let body = push("refs/heads/main", "Ship it");
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(
            github(&scene, "one", &body, &secret)
                .send()
                .await
                .expect(202),
        );
    }
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "{answers:?}"
    );
    let deployment = answers[0]["deployments"][0].as_str().unwrap();
    let read = scene
        .world
        .get(&format!("/api/deployments/{deployment}"), &scene.viewer);
    let shape = read.send().await.expect(200);
    assert_eq!(shape["applicationId"], id.to_string());
    assert_eq!(shape["trigger"], "webhook");
    let trail = scene
        .world
        .get("/api/audit?action=application.deploy", &scene.admin);
    let records = trail.send().await.expect(200)["items"].clone();
    let of_webhook = |record: &&Value| record["actorName"] == "webhook:github";
    let count = records
        .as_array()
        .unwrap()
        .iter()
        .filter(of_webhook)
        .count();
    assert_eq!(count, 1, "{records}");
}

#[tokio::test]
async fn what_is_right_and_deploys_nothing_says_why() {
    let scene = Scene::new().await;
    let (_, secret) = application(&scene, "hooked").await;
    let cases = [
        (push("refs/heads/main", "docs [skip ci]"), "[skip ci]"),
        (
            push("refs/heads/feature", "x"),
            "no application follows refs/heads/feature",
        ),
    ];
    for (body, why) in cases {
        let answer = github(&scene, why, &body, &secret).send().await.expect(200);
        let ignored = answer["ignored"].as_str().unwrap();
        assert!(ignored.contains(why), "{ignored}");
    }
}

#[tokio::test]
async fn nobody_learns_from_a_refusal_whether_there_is_an_application() {
    let scene = Scene::new().await;
    application(&scene, "hooked").await;
    let known = push("refs/heads/main", "x");
    let mut unknown = known.clone();
    unknown["repository"]["clone_url"] = json!("https://github.com/team/other.git");
    let mut texts = Vec::new();
    for body in [known, unknown] {
        let call = github(&scene, "one", &body, "guess").header("x-request-id", "same");
        let answer = call.send().await;
        answer.problem(401, "unauthenticated");
        texts.push(answer.text);
    }
    assert_eq!(texts[0], texts[1]);
    // A person's token is no signature.
    let call = scene
        .world
        .post(
            "/api/webhooks/github",
            &scene.owner,
            &push("refs/heads/main", "x"),
        )
        .header("x-github-event", "push");
    call.send().await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn what_is_no_delivery_is_refused() {
    let scene = Scene::new().await;
    let call = |path: &str| scene.world.call("POST", path);
    call("/api/webhooks/sourceforge")
        .send()
        .await
        .problem(404, "not_found");
    call("/api/webhooks/github").send().await.wrong("body");
    let text = call("/api/webhooks/gitlab")
        .header("x-gitlab-event", "Push Hook")
        .bytes("<xml>");
    text.send().await.wrong("body");
    let large = call("/api/webhooks/github")
        .header("x-github-event", "push")
        .bytes(vec![b'x'; 9 * 1024 * 1024]);
    large.send().await.problem(413, "too_large");
}
