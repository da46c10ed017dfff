//! What a provider, or somebody who plays one, may try, and that nobody is signed in by it.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dokploy_core::ErrorKind;
use dokploy_http::oidc::{Oidc, OidcOptions};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::provider::{CLIENT_ID, CLIENT_SECRET, Lies, Provider, SUBJECT, callback, elsewhere};
use crate::token::{Key, with_nothing, with_secret};

fn claims(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Lies {
    Lies {
        claims: Box::new(change),
        ..Lies::default()
    }
}

fn token(make: impl Fn(&Key, &Value) -> String + Send + Sync + 'static) -> Lies {
    Lies {
        token: Box::new(make),
        ..Lies::default()
    }
}

/// Signs in, and expects to be refused without a word of what the provider said.
async fn ensure_refused(name: &str, lies: Lies) {
    let provider = Provider::start(lies).await;
    let error = provider.visit(&provider.oidc()).await.expect_err(name);
    assert_eq!(
        error.kind(),
        ErrorKind::Unauthenticated,
        "{name}: {error:?}"
    );
    assert!(!error.message().contains("evil"), "{name}: {error:?}");
}

#[tokio::test]
async fn an_honest_provider_signs_people_in() {
    let provider = Provider::start(Lies::default()).await;
    let oidc = provider.oidc();
    let profile = provider.visit(&oidc).await.unwrap();
    assert_eq!(profile.issuer, provider.issuer());
    assert_eq!(profile.subject, SUBJECT);
    assert_eq!(profile.username.as_deref(), Some("ada"));
    assert_eq!(profile.email.as_deref(), Some("ada@example.com"));
    let asked = provider.asked();
    assert_eq!(asked["code"], "the-code");
    assert_eq!(asked["grant_type"], "authorization_code");
    assert!(
        !asked.contains_key("client_secret"),
        "it goes into a header"
    );
}

#[tokio::test]
async fn the_code_is_bound_to_the_attempt_by_its_verifier() {
    let provider = Provider::start(Lies::default()).await;
    let oidc = provider.oidc();
    let (url, attempt) = oidc.begin(None).await.unwrap();
    let query: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    let _ = oidc.finish(&attempt, callback(&query["state"])).await;
    let verifier = &provider.asked()["code_verifier"];
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    assert_eq!(query["code_challenge"], challenge);
}

#[tokio::test]
async fn an_identity_that_does_not_hold_signs_nobody_in() {
    let cases: Vec<(&str, Lies)> = vec![
        (
            "another issuer",
            claims(|claims| claims["iss"] = json!("https://evil.example")),
        ),
        (
            "another audience",
            claims(|claims| claims["aud"] = json!("evil")),
        ),
        (
            "a further audience",
            claims(|claims| claims["aud"] = json!([CLIENT_ID, "evil"])),
        ),
        (
            "for another party",
            claims(|claims| claims["azp"] = json!("evil")),
        ),
        (
            "expired",
            claims(|claims| claims["exp"] = json!(1_000_000_000)),
        ),
        (
            "without an end",
            claims(|claims| drop(claims.as_object_mut().unwrap().remove("exp"))),
        ),
        (
            "of another attempt",
            claims(|claims| claims["nonce"] = json!("evil")),
        ),
        (
            "of no attempt",
            claims(|claims| drop(claims.as_object_mut().unwrap().remove("nonce"))),
        ),
        (
            "without a subject",
            claims(|claims| drop(claims.as_object_mut().unwrap().remove("sub"))),
        ),
        ("not signed", token(|_, claims| with_nothing(claims))),
        (
            "signed with the shared secret",
            token(|_, claims| with_secret(CLIENT_SECRET, claims)),
        ),
        (
            "signed with the public key as a secret",
            token(|key, claims| with_secret(&key.published().to_string(), claims)),
        ),
        (
            "signed with another key",
            token(|_, claims| Key::new("first").sign(claims)),
        ),
        (
            "signed with an unknown key",
            token(|_, claims| Key::new("other").sign(claims)),
        ),
        ("no token at all", token(|_, _| "evil".to_owned())),
    ];
    for (name, lies) in cases {
        ensure_refused(name, lies).await;
    }
}

#[tokio::test]
async fn what_is_said_about_another_person_is_not_believed() {
    let lies = Lies {
        claims: Box::new(|claims| drop(claims.as_object_mut().unwrap().remove("email"))),
        person: Box::new(|person| {
            *person =
                Some(json!({"sub": "evil", "email": "root@example.com", "email_verified": true}));
        }),
        ..Lies::default()
    };
    ensure_refused("another subject", lies).await;
}

#[tokio::test]
async fn an_address_that_nobody_verified_is_nobodys() {
    let lies = Lies {
        claims: Box::new(|claims| claims["email_verified"] = json!(false)),
        person: Box::new(|person| {
            *person = Some(json!({"sub": SUBJECT, "email": "root@example.com"}));
        }),
        ..Lies::default()
    };
    let provider = Provider::start(lies).await;
    let profile = provider.visit(&provider.oidc()).await.unwrap();
    assert_eq!(profile.email, None);
    assert_eq!(profile.username.as_deref(), Some("ada"));
}

#[tokio::test]
async fn a_provider_that_refuses_the_code_signs_nobody_in() {
    fn refuses() -> axum::response::Response {
        let body = axum::Json(json!({"error": "invalid_grant", "error_description": "evil"}));
        (StatusCode::BAD_REQUEST, body).into_response()
    }
    let lies = Lies {
        exchange: Some(refuses),
        ..Lies::default()
    };
    ensure_refused("it does not know the code", lies).await;
}

#[tokio::test]
async fn the_secret_is_taken_nowhere_else_and_a_large_answer_is_not_read() {
    fn endless() -> axum::response::Response {
        "x".repeat(2 * 1024 * 1024).into_response()
    }
    for exchange in [elsewhere, endless] {
        let lies = Lies {
            exchange: Some(exchange),
            ..Lies::default()
        };
        let provider = Provider::start(lies).await;
        let error = provider.visit(&provider.oidc()).await.unwrap_err();
        let kinds = [ErrorKind::Unavailable, ErrorKind::Unauthenticated];
        assert!(kinds.contains(&error.kind()), "{error:?}");
        assert!(!format!("{error:?}").contains("steal"), "{error:?}");
    }
}

#[tokio::test]
async fn a_configuration_of_somebody_else_is_not_used() {
    let lies = Lies {
        configuration: Box::new(|configuration| {
            configuration["issuer"] = json!("https://evil.example");
        }),
        ..Lies::default()
    };
    let provider = Provider::start(lies).await;
    let error = provider.oidc().begin(None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
}

#[tokio::test]
async fn only_the_browser_that_left_comes_back() {
    let provider = Provider::start(Lies::default()).await;
    let oidc = provider.oidc();
    let (mine, state) = provider.leave(&oidc).await.unwrap();
    let (_, other) = provider.leave(&oidc).await.unwrap();
    for state in [Some(other), Some(String::new()), None] {
        let callback = dokploy_http::oidc::Callback {
            state,
            ..callback("")
        };
        let error = oidc.finish(&mine, callback).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error:?}");
    }
    let another_provider = dokploy_http::oidc::Callback {
        iss: Some("https://evil.example".to_owned()),
        ..callback(&state)
    };
    let error = oidc.finish(&mine, another_provider).await.unwrap_err();
    assert!(error.message().contains("another provider"), "{error:?}");
    let refused = dokploy_http::oidc::Callback {
        code: None,
        error: Some("<script>evil</script>".to_owned()),
        ..callback(&state)
    };
    let error = oidc.finish(&mine, refused).await.unwrap_err();
    assert!(!format!("{error:?}").contains("evil"), "{error:?}");
}

#[tokio::test]
async fn a_key_that_the_provider_has_changed_is_read_again() {
    let provider = Provider::start(Lies::default()).await;
    let oidc = provider.oidc();
    provider.visit(&oidc).await.unwrap();
    provider.rotate();
    // A flood of unknown keys must not become a flood of questions, so that a change is seen a little later.
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(31)).await;
    tokio::time::resume();
    provider.visit(&oidc).await.unwrap();
}

#[tokio::test]
async fn an_issuer_that_cannot_be_trusted_stops_the_start() {
    for (issuer, good) in [
        ("http://id.example.com", false),
        ("https://id.example.com", true),
        ("http://127.0.0.1:8080/realm", true),
        ("http://localhost:8080", true),
    ] {
        let oidc = Oidc::new(OidcOptions {
            issuer: Url::parse(issuer).unwrap(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: None,
            redirect_url: Url::parse("http://localhost:3000/api/auth/oidc/callback").unwrap(),
        });
        assert_eq!(oidc.is_ok(), good, "{issuer}");
    }
}
