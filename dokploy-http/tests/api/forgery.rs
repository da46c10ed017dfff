//! Requests that a page of somebody else makes a browser send, and others that want to be somebody.

use dokploy_core::Secret;
use dokploy_core::access::Actor;
use dokploy_core::control::NewUser;
use dokploy_core::model::Role;
use serde_json::{Value, json};

use super::client::Answer;
use super::policy::{Policy, routes};
use super::world::Scene;

const PASSWORD: &str = "correct horse battery";

/// The cookie of an owner who has signed in, and his token against forgery.
async fn signed_in(scene: &Scene) -> (String, String) {
    let new = NewUser {
        username: "otto".to_owned(),
        password: Some(Secret::new(PASSWORD)),
        role: Role::Owner,
        email: None,
    };
    let system = Actor::system("test");
    scene.world.control.create_user(&system, new).await.unwrap();
    let body = json!({"username": "otto", "password": PASSWORD});
    let login = scene.world.call("POST", "/api/auth/login").json(&body);
    let answer = login.send().await;
    let csrf = answer.expect(200)["csrfToken"].as_str().unwrap().to_owned();
    let cookie = answer.header("set-cookie").split(';').next().unwrap();
    (cookie.to_owned(), csrf)
}

#[tokio::test]
async fn no_route_takes_a_write_with_the_cookie_alone() {
    let scene = Scene::new().await;
    let (cookie, csrf) = signed_in(&scene).await;
    let mut count = 0;
    for route in routes() {
        let is_own = matches!(route.policy, Policy::Public) || route.path.contains("webhooks/");
        if route.method == "GET" || is_own {
            continue;
        }
        count += 1;
        let path = scene.path(route.path);
        for forged in [None, Some(""), Some("x"), Some(&csrf[1..])] {
            let mut call = scene.world.call(route.method, &path);
            call = call.header("cookie", &cookie);
            if let Some(forged) = forged {
                call = call.header("x-csrf-token", forged);
            }
            let answer = match (route.body)(&scene) {
                Value::Null => call,
                body => call.json(&body),
            };
            let answer = answer.send().await;
            assert_eq!(answer.status, 403, "{} {path}: {answer:?}", route.method);
            answer.problem(403, "permission_denied");
        }
    }
    assert!(count > 35, "only {count} routes change something");
    // Nothing has happened to anything.
    let read = scene
        .world
        .get(&scene.path("/api/applications/{id}"), &scene.owner);
    assert_eq!(read.send().await.expect(200)["version"], 1);
}

#[tokio::test]
async fn a_read_cannot_be_made_a_write() {
    let scene = Scene::new().await;
    let (cookie, _) = signed_in(&scene).await;
    let path = scene.path("/api/projects/{id}");
    for (name, value) in [
        ("x-http-method-override", "DELETE"),
        ("x-method-override", "DELETE"),
        ("x-http-method", "PATCH"),
    ] {
        let call = scene.world.call("GET", &path).header("cookie", &cookie);
        let answer = call.header(name, value).send().await;
        assert_eq!(answer.expect(200)["name"], "shop", "{name}");
    }
    let asked = format!("{path}?_method=DELETE");
    let call = scene.world.call("GET", &asked).header("cookie", &cookie);
    assert_eq!(call.send().await.expect(200)["name"], "shop");
    for method in ["TRACE", "CONNECT", "PROPFIND", "get"] {
        let call = scene.world.call(method, &path).header("cookie", &cookie);
        let answer = call.send().await;
        assert!(
            [403, 405].contains(&answer.status.as_u16()),
            "{method}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_header_that_proves_nothing_is_not_made_good_by_a_cookie() {
    let scene = Scene::new().await;
    let (cookie, _) = signed_in(&scene).await;
    let token = &scene.owner.token;
    for header in [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer x".to_owned(),
        format!("Basic {token}"),
        format!("Bearer {token} x"),
        format!("Bearer {token}, Bearer {token}"),
        token.clone(),
    ] {
        let call = scene.world.call("GET", "/api/projects");
        let call = call
            .header("cookie", &cookie)
            .header("authorization", &header);
        call.send().await.problem(401, "unauthenticated");
    }
    // A token is taken from its header and from nowhere else.
    let in_address = scene
        .world
        .call("GET", &format!("/api/projects?token={token}"));
    let seen: &[&Answer] = &[
        &in_address.send().await,
        &scene
            .world
            .call("GET", "/api/projects")
            .header("x-api-key", token)
            .send()
            .await,
        &scene
            .world
            .call("GET", "/api/projects")
            .header("cookie", format!("token={token}"))
            .send()
            .await,
    ];
    for answer in seen {
        answer.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn other_sites_are_not_let_read_anything() {
    let scene = Scene::new().await;
    for method in ["GET", "OPTIONS"] {
        let call = scene
            .world
            .call(method, "/api/projects")
            .bearer(&scene.owner.token);
        let answer = call
            .header("origin", "https://evil.example")
            .header("access-control-request-method", "POST")
            .send()
            .await;
        let allowed = answer
            .headers
            .keys()
            .find(|name| name.as_str().starts_with("access-control"));
        assert_eq!(allowed, None, "{answer:?}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
    }
}
