//! Accounts, teams and tokens.

use dokploy_core::model::Role;
use serde_json::json;

use super::world::{Scene, World};

#[tokio::test]
async fn administrators_make_change_and_delete_accounts() {
    let world = World::new().await;
    let olivia = world.person("olivia", Role::Owner).await;
    let new = json!({"username": "dora", "password": "correct horse", "role": "developer", "email": "dora@example.com"});
    let made = world.post("/api/users", &olivia, &new).send().await;
    let user = made.expect(201);
    assert_eq!(user["username"], "dora");
    assert_eq!(user["role"], "developer");
    assert!(
        !made.text.contains("correct horse") && !made.text.contains("argon2"),
        "{made:?}"
    );
    let path = format!("/api/users/{}", user["id"].as_str().unwrap());
    assert_eq!(world.get(&path, &olivia).send().await.expect(200), user);

    let login = |password: &str| {
        let body = json!({"username": "DORA", "password": password});
        world.call("POST", "/api/auth/login").json(&body)
    };
    let session = login("correct horse").send().await.expect(200);
    let token = session["token"].as_str().unwrap();
    let me = || world.call("GET", "/api/auth/me").bearer(token);
    me().send().await.expect(200);

    let occupied = world.post(
        "/api/users",
        &olivia,
        &json!({"username": "Dora", "password": "correct horse", "role": "viewer"}),
    );
    occupied.send().await.problem(409, "already_exists");
    let short = world.post(
        "/api/users",
        &olivia,
        &json!({"username": "vic", "password": "short", "role": "viewer"}),
    );
    short.send().await.wrong("password");

    // A lock holds at once, for sessions that are open.
    let locked = world.patch(&path, &olivia, &json!({"disabled": true, "email": null}));
    let locked = locked.send().await.expect(200);
    assert_eq!(locked["disabled"], true);
    assert!(locked["email"].is_null(), "{locked}");
    me().send().await.problem(401, "unauthenticated");
    login("correct horse")
        .send()
        .await
        .problem(401, "unauthenticated");

    world.delete(&path, &olivia).send().await.expect(204);
    world
        .get(&path, &olivia)
        .send()
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn only_an_owner_makes_or_changes_an_owner_and_the_last_one_stays() {
    let world = World::new().await;
    let olivia = world.person("olivia", Role::Owner).await;
    let adam = world.person("adam", Role::Admin).await;
    let new = json!({"username": "otto", "password": "correct horse", "role": "owner"});
    world
        .post("/api/users", &adam, &new)
        .send()
        .await
        .problem(403, "permission_denied");
    let path = format!("/api/users/{}", olivia.id);
    for change in [json!({"role": "viewer"}), json!({"disabled": true})] {
        world
            .patch(&path, &adam, &change)
            .send()
            .await
            .problem(403, "permission_denied");
        world
            .patch(&path, &olivia, &change)
            .send()
            .await
            .problem(409, "conflict");
    }
    world
        .delete(&path, &adam)
        .send()
        .await
        .problem(403, "permission_denied");
    world
        .delete(&path, &olivia)
        .send()
        .await
        .problem(409, "conflict");
    let own = format!("/api/users/{}", adam.id);
    let promoted = world.patch(&own, &adam, &json!({"role": "owner"}));
    promoted.send().await.problem(403, "permission_denied");
}

#[tokio::test]
async fn everybody_sees_the_own_account_and_no_other() {
    let scene = Scene::new().await;
    let own = format!("/api/users/{}", scene.viewer.id);
    let seen = scene
        .world
        .get(&own, &scene.viewer)
        .send()
        .await
        .expect(200);
    assert_eq!(seen["username"], "victor");
    let other = format!("/api/users/{}", scene.owner.id);
    scene
        .world
        .get(&other, &scene.viewer)
        .send()
        .await
        .problem(403, "permission_denied");
}

#[tokio::test]
async fn a_team_lets_its_members_see_a_project_and_no_longer() {
    let world = World::new().await;
    let olivia = world.person("olivia", Role::Owner).await;
    let vera = world.person("vera", Role::Viewer).await;
    let team = world
        .post("/api/teams", &olivia, &json!({"name": "crew"}))
        .send()
        .await
        .expect(201);
    let team = team["id"].as_str().unwrap();
    let new = json!({"name": "shop", "teamId": team});
    let project = world
        .post("/api/projects", &olivia, &new)
        .send()
        .await
        .expect(201);
    let path = format!("/api/projects/{}", project["id"].as_str().unwrap());
    world
        .get(&path, &vera)
        .send()
        .await
        .problem(404, "not_found");

    let member = format!("/api/teams/{team}/members/{}", vera.id);
    world
        .call("PUT", &member)
        .bearer(&olivia.token)
        .send()
        .await
        .expect(204);
    world.get(&path, &vera).send().await.expect(200);
    let shown = world
        .get(&format!("/api/teams/{team}"), &vera)
        .send()
        .await
        .expect(200);
    assert_eq!(shown["members"][0]["username"], "vera");
    let members = world
        .get(&format!("/api/teams/{team}/members"), &olivia)
        .send()
        .await
        .expect(200);
    assert_eq!(members["items"][0]["userId"], vera.id.to_string());

    world.delete(&member, &olivia).send().await.expect(204);
    world
        .get(&path, &vera)
        .send()
        .await
        .problem(404, "not_found");
    world
        .patch(
            &format!("/api/teams/{team}"),
            &olivia,
            &json!({"name": "others"}),
        )
        .send()
        .await
        .expect(200);
    let full = world
        .delete(&format!("/api/teams/{team}"), &olivia)
        .send()
        .await;
    full.problem(409, "conflict");
    world
        .patch(&path, &olivia, &json!({"teamId": null}))
        .send()
        .await
        .expect(200);
    world
        .delete(&format!("/api/teams/{team}"), &olivia)
        .send()
        .await
        .expect(204);
    world
        .get(&format!("/api/teams/{team}"), &olivia)
        .send()
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn a_token_is_shown_once_narrows_its_account_and_dies_at_once() {
    let scene = Scene::new().await;
    let world = &scene.world;
    let other = world.project(&scene.developer, "other", None).await;
    let new = json!({"name": "ci", "scopes": ["deploy"], "projectIds": [scene.project]});
    let made = world
        .post("/api/auth/tokens", &scene.developer, &new)
        .send()
        .await
        .expect(201);
    let secret = made["token"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("dkp_"));
    let listed = world.get("/api/auth/tokens", &scene.developer).send().await;
    assert!(!listed.text.contains(&secret), "{listed:?}");

    let with = |method: &str, path: &str| world.call(method, path).bearer(&secret);
    with("GET", &format!("/api/projects/{}", scene.project))
        .send()
        .await
        .expect(200);
    with("GET", &format!("/api/projects/{other}"))
        .send()
        .await
        .problem(404, "not_found");
    let path = scene.path("/api/applications/{id}/deploy");
    with("POST", &path)
        .json(&json!({}))
        .send()
        .await
        .expect(202);
    let path = scene.path("/api/applications/{id}");
    with("PATCH", &path)
        .json(&json!({"replicas": 2}))
        .send()
        .await
        .problem(403, "permission_denied");

    let path = format!("/api/auth/tokens/{}", made["id"].as_str().unwrap());
    world
        .delete(&path, &scene.stranger)
        .send()
        .await
        .problem(404, "not_found");
    world
        .delete(&path, &scene.developer)
        .send()
        .await
        .expect(204);
    with("GET", "/api/projects")
        .send()
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_token_that_makes_no_sense_is_refused() {
    let scene = Scene::new().await;
    let past = "2020-01-01T00:00:00Z";
    for (body, field) in [
        (json!({"name": "", "scopes": ["read"]}), "name"),
        (json!({"name": "ci", "scopes": []}), "scopes"),
        (json!({"name": "ci", "scopes": ["everything"]}), "scopes[0]"),
        (
            json!({"name": "ci", "scopes": ["read"], "expiresAt": past}),
            "expiresAt",
        ),
    ] {
        let answer = scene
            .world
            .post("/api/auth/tokens", &scene.developer, &body)
            .send()
            .await;
        answer.wrong(field);
    }
    let foreign = json!({"name": "ci", "scopes": ["read"], "projectIds": [scene.project]});
    let answer = scene
        .world
        .post("/api/auth/tokens", &scene.stranger, &foreign)
        .send()
        .await;
    answer.problem(404, "not_found");
}
