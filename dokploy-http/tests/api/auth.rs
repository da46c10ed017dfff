//! Coming in and going out.

use serde_json::json;

use super::client::Answer;
use super::world::{Settings, World};

fn register(world: &World, name: &str) -> super::client::Call {
    let body = json!({"username": name, "password": "correct horse"});
    world.call("POST", "/api/auth/register").json(&body)
}

fn login(world: &World, name: &str, password: &str) -> super::client::Call {
    let body = json!({"username": name, "password": password});
    world.call("POST", "/api/auth/login").json(&body)
}

/// The cookie of an answer, as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    let line = answer.header("set-cookie");
    line.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_first_account_becomes_the_owner_and_there_is_no_second() {
    let world = World::new().await;
    let made = register(&world, "anna").send().await;
    let body = made.expect(201);
    assert_eq!(body["user"]["role"], "owner");
    let token = body["token"].as_str().unwrap();
    let me = world
        .call("GET", "/api/auth/me")
        .bearer(token)
        .send()
        .await
        .expect(200);
    assert_eq!(me["user"]["username"], "anna");
    register(&world, "ben")
        .send()
        .await
        .problem(403, "permission_denied");
}

#[tokio::test]
async fn of_many_first_accounts_at_once_one_is_made() {
    for sqlite in [false, true] {
        let world = World::with(Settings {
            sqlite,
            ..Settings::default()
        })
        .await;
        let calls = (0..8).map(|number| register(&world, &format!("user{number}")).send());
        let answers = futures::future::join_all(calls).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(made, 1, "{answers:?}");
        assert!(
            answers
                .iter()
                .all(|answer| [201, 403].contains(&answer.status.as_u16())),
            "{answers:?}"
        );
    }
}

#[tokio::test]
async fn where_everybody_may_come_in_the_second_one_is_a_viewer() {
    let open = Settings {
        variables: &[("DOKPLOY_REGISTRATION", "open")],
        ..Settings::default()
    };
    let world = World::with(open).await;
    register(&world, "anna").send().await.expect(201);
    let second = register(&world, "ben").send().await.expect(201);
    assert_eq!(second["user"]["role"], "viewer");
    let closed = Settings {
        variables: &[("DOKPLOY_REGISTRATION", "closed")],
        ..Settings::default()
    };
    register(&World::with(closed).await, "anna")
        .send()
        .await
        .problem(403, "permission_denied");
}

#[tokio::test]
async fn an_account_that_cannot_be_one_is_refused() {
    let world = World::new().await;
    for (body, field) in [
        (json!({"username": "anna", "password": "short"}), "password"),
        (
            json!({"username": "", "password": "correct horse"}),
            "username",
        ),
        (
            json!({"username": "a b", "password": "correct horse"}),
            "username",
        ),
        (json!({"username": "anna"}), "password"),
        (
            json!({"username": "anna", "password": 12_345_678}),
            "password",
        ),
    ] {
        let answer = world
            .call("POST", "/api/auth/register")
            .json(&body)
            .send()
            .await;
        answer.wrong(field);
        assert!(
            !answer.text.contains("correct horse") && !answer.text.contains("12345678"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_wrong_name_a_wrong_password_and_a_locked_account_look_the_same() {
    let world = World::new().await;
    register(&world, "anna").send().await.expect(201);
    let mut seen = Vec::new();
    for (name, password) in [("anna", "wrong horse"), ("nobody", "correct horse")] {
        let answer = login(&world, name, password).send().await;
        let mut body = answer.problem(401, "unauthenticated");
        body["requestId"] = json!(null);
        seen.push(body);
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let world = World::new().await;
    register(&world, "anna").send().await.expect(201);
    let mut refused = None;
    for guess in 0..30 {
        let answer = login(&world, "anna", &format!("wrong horse {guess}"))
            .send()
            .await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        answer.problem(401, "unauthenticated");
    }
    let refused = refused.expect("thirty guesses in a row were let through");
    refused.problem(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    // The right password waits, too: otherwise it could be told from the wrong ones.
    login(&world, "anna", "correct horse")
        .send()
        .await
        .problem(429, "rate_limited");
}

#[tokio::test]
async fn a_logout_ends_the_session_everywhere_at_once() {
    let world = World::new().await;
    let first = register(&world, "anna").send().await;
    let session = first.expect(201);
    let token = session["token"].as_str().unwrap();
    let other = login(&world, "anna", "correct horse")
        .send()
        .await
        .expect(200);
    let gone = world
        .call("POST", "/api/auth/logout")
        .bearer(token)
        .send()
        .await;
    gone.expect(204);
    assert!(gone.header("set-cookie").contains("Max-Age=0"), "{gone:?}");
    world
        .call("GET", "/api/auth/me")
        .bearer(token)
        .send()
        .await
        .problem(401, "unauthenticated");
    let by_cookie = world
        .call("GET", "/api/auth/me")
        .header("cookie", cookie(&first));
    by_cookie.send().await.problem(401, "unauthenticated");
    // It was this session that ended, and not the other.
    let other = other["token"].as_str().unwrap();
    world
        .call("GET", "/api/auth/me")
        .bearer(other)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_and_gives_a_new_one() {
    let world = World::new().await;
    let first = register(&world, "anna").send().await.expect(201);
    let second = login(&world, "anna", "correct horse")
        .send()
        .await
        .expect(200);
    let change = |current: &str| {
        let body = json!({"currentPassword": current, "newPassword": "battery staple"});
        world
            .call("POST", "/api/auth/password")
            .bearer(first["token"].as_str().unwrap())
            .json(&body)
    };
    change("wrong horse")
        .send()
        .await
        .problem(403, "permission_denied");
    let third = change("correct horse").send().await.expect(200);
    for token in [&first["token"], &second["token"]] {
        let me = world
            .call("GET", "/api/auth/me")
            .bearer(token.as_str().unwrap());
        me.send().await.problem(401, "unauthenticated");
    }
    let me = world
        .call("GET", "/api/auth/me")
        .bearer(third["token"].as_str().unwrap());
    me.send().await.expect(200);
    login(&world, "anna", "correct horse")
        .send()
        .await
        .problem(401, "unauthenticated");
    login(&world, "anna", "battery staple")
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let world = World::new().await;
    let made = register(&world, "anna").send().await;
    let line = made.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(
        !line.contains("Secure"),
        "without TLS a browser would drop it: {line}"
    );
    let over_tls = Settings {
        variables: &[("DOKPLOY_PUBLIC_URL", "https://deploy.example.com")],
        ..Settings::default()
    };
    let made = register(&World::with(over_tls).await, "anna").send().await;
    assert!(made.header("set-cookie").contains("; Secure"), "{made:?}");
}

#[tokio::test]
async fn a_write_with_the_cookie_needs_the_token_against_forgery() {
    let world = World::new().await;
    let anna = register(&world, "anna").send().await;
    let csrf = anna.json()["csrfToken"].as_str().unwrap().to_owned();
    let create = |name: &str| {
        let call = world
            .call("POST", "/api/projects")
            .header("cookie", cookie(&anna));
        call.json(&json!({"name": name}))
    };
    let read = world
        .call("GET", "/api/auth/me")
        .header("cookie", cookie(&anna));
    assert_eq!(read.send().await.expect(200)["csrfToken"], csrf.as_str());
    create("a").send().await.problem(403, "permission_denied");
    create("b")
        .header("x-csrf-token", "wrong")
        .send()
        .await
        .problem(403, "permission_denied");
    // The token of another session is as good as none.
    let other = login(&world, "anna", "correct horse").send().await.json();
    let foreign = other["csrfToken"].as_str().unwrap();
    create("c")
        .header("x-csrf-token", foreign)
        .send()
        .await
        .problem(403, "permission_denied");
    create("d")
        .header("x-csrf-token", csrf)
        .send()
        .await
        .expect(201);
    let forged = world
        .call("POST", "/api/auth/logout")
        .header("cookie", cookie(&anna));
    forged.send().await.problem(403, "permission_denied");
}

#[tokio::test]
async fn a_session_token_that_was_tampered_with_is_no_session() {
    let world = World::new().await;
    let anna = register(&world, "anna").send().await.expect(201);
    let token = anna["token"].as_str().unwrap();
    let (head, mac) = token.split_once('.').unwrap();
    let flipped: String = mac.chars().rev().collect();
    for forged in [
        format!("{head}.{flipped}"),
        format!("{head}."),
        head.to_owned(),
        format!("{token}x"),
        token.to_uppercase(),
    ] {
        let answer = world
            .call("GET", "/api/auth/me")
            .bearer(&forged)
            .send()
            .await;
        answer.problem(401, "unauthenticated");
    }
}
