//! Signing in with a browser, from the first page to the last.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dokploy_core::access::Actor;
use dokploy_core::control::UserChange;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::provider::{Lies, Provider, REDIRECT_URL};
use crate::site::{Browser, Page, Site};

pub(crate) const LOGIN: &str = "/api/auth/oidc/login";
pub(crate) const CALLBACK: &str = "/api/auth/oidc/callback";
pub(crate) const ATTEMPT: &str = "dokploy_oidc";
pub(crate) const SESSION: &str = "dokploy_session";

/// Leaves for the provider, and gives the state that it sends back.
pub(crate) async fn leave(browser: &mut Browser, provider: &Provider, path: &str) -> String {
    let page = browser.get(path).await;
    provider.welcome(&page.url(), REDIRECT_URL)
}

/// Comes back from the provider, which agrees.
pub(crate) async fn come_back(browser: &mut Browser, state: &str) -> Page {
    browser
        .get(&format!("{CALLBACK}?code=the-code&state={state}"))
        .await
}

/// Signs in.
pub(crate) async fn sign_in(browser: &mut Browser, provider: &Provider) -> Page {
    let state = leave(browser, provider, LOGIN).await;
    come_back(browser, &state).await
}

#[tokio::test]
async fn whoever_leaves_takes_along_what_only_his_browser_knows() {
    let provider = Provider::start(Lies::default()).await;
    let site = Site::open(provider.oidc()).await;
    let mut browser = site.browser();
    let page = browser.get(LOGIN).await;
    let url = page.url();
    assert_eq!(url.path(), "/authorize");
    let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(query["redirect_uri"], REDIRECT_URL);
    assert!(query["scope"].split(' ').any(|scope| scope == "openid"));
    for random in ["state", "nonce", "code_challenge"] {
        assert!(query[random].len() >= 20, "{random} is {}", query[random]);
    }
    assert_eq!(page.headers["cache-control"], "no-store");

    let cookies = page.cookies();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    for part in [
        "dokploy_oidc=",
        "HttpOnly",
        "SameSite=Lax",
        "Path=/",
        "Max-Age=600",
    ] {
        assert!(cookies[0].contains(part), "{part} is missing: {cookies:?}");
    }
    assert!(!cookies[0].contains("Secure"), "{cookies:?}");
    let kept = URL_SAFE_NO_PAD
        .decode(browser.cookie(ATTEMPT).unwrap())
        .unwrap();
    let kept: serde_json::Value = serde_json::from_slice(&kept).unwrap();
    let verifier = kept["verifier"].as_str().unwrap();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    assert_eq!(query["code_challenge"], challenge);
    assert!(!url.as_str().contains(verifier));

    // Nothing of it is used a second time.
    let again: BTreeMap<_, _> = browser
        .get(LOGIN)
        .await
        .url()
        .query_pairs()
        .into_owned()
        .collect();
    for random in ["state", "nonce", "code_challenge"] {
        assert_ne!(again[random], query[random], "{random}");
    }
}

#[tokio::test]
async fn over_tls_every_cookie_of_it_is_secure() {
    let provider = Provider::start(Lies::default()).await;
    let redirect = "https://deploy.example.com/api/auth/oidc/callback";
    let variables = [
        ("DOKPLOY_PUBLIC_URL", "https://deploy.example.com"),
        ("DOKPLOY_REGISTRATION", "open"),
    ];
    let site = Site::new(Some(provider.oidc_of(redirect)), &variables).await;
    let mut browser = site.browser();
    let left = browser.get(LOGIN).await;
    let state = provider.welcome(&left.url(), redirect);
    let back = come_back(&mut browser, &state).await;
    for line in [left.cookies(), back.cookies()].concat() {
        assert!(line.ends_with("; Secure"), "{line}");
    }
}

#[tokio::test]
async fn whoever_comes_back_has_a_session_and_is_where_he_wanted_to_go() {
    let provider = Provider::start(Lies::default()).await;
    let site = Site::open(provider.oidc()).await;
    let mut browser = site.browser();
    let path = format!("{LOGIN}?returnTo=%2Fprojects%3Fname%3Da%2520b");
    let state = leave(&mut browser, &provider, &path).await;
    let page = come_back(&mut browser, &state).await;
    assert_eq!(page.location(), "/projects?name=a%20b");
    assert_eq!(page.headers["cache-control"], "no-store");
    let verifier = provider.asked()["code_verifier"].clone();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    assert_eq!(challenge, provider.challenge());

    let session = page
        .cookies()
        .into_iter()
        .find(|line| line.starts_with(SESSION));
    let session = session.unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"] {
        assert!(session.contains(part), "{session}");
    }
    assert_eq!(browser.cookie(ATTEMPT), None, "an attempt is for one time");
    let user = browser.user().await.unwrap();
    assert_eq!(user["username"], "ada");
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(user["role"], "viewer");

    // The same person is the same account, in another browser as well.
    let mut other = site.browser();
    let page = sign_in(&mut other, &provider).await;
    assert_eq!(page.location(), "/");
    assert_eq!(other.user().await.unwrap()["id"], user["id"]);
    assert_ne!(other.cookie(SESSION), browser.cookie(SESSION));
}

#[tokio::test]
async fn nobody_is_sent_on_to_another_server() {
    let provider = Provider::start(Lies::default()).await;
    let site = Site::open(provider.oidc()).await;
    for to in [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "%2F%09%2Fevil.example",
        "%2F%0D%0ALocation%3A%20https%3A%2F%2Fevil.example",
        "javascript%3Aalert(1)",
        "evil",
        "",
    ] {
        let mut browser = site.browser();
        let path = format!("{LOGIN}?returnTo={to}");
        let state = leave(&mut browser, &provider, &path).await;
        let page = come_back(&mut browser, &state).await;
        assert_eq!(page.location(), "/", "{to}");
    }
}

#[tokio::test]
async fn an_existing_account_of_the_same_name_or_address_is_not_given_away() {
    let provider = Provider::start(Lies {
        claims: Box::new(|claims| {
            claims["preferred_username"] = json!("olivia");
        }),
        ..Lies::default()
    })
    .await;
    let site = Site::open(provider.oidc()).await;
    let mut browser = site.browser();
    sign_in(&mut browser, &provider).await.location();
    let user = browser.user().await.unwrap();
    assert_eq!(user["username"], "olivia-2");
    assert_eq!(user["role"], "viewer");
}

#[tokio::test]
async fn an_account_that_was_disabled_is_put_out_and_stays_out() {
    let provider = Provider::start(Lies::default()).await;
    let site = Site::open(provider.oidc()).await;
    let mut browser = site.browser();
    sign_in(&mut browser, &provider).await.location();
    let user = browser.user().await.unwrap();
    let change = UserChange {
        disabled: Some(true),
        ..UserChange::default()
    };
    let id = user["id"].as_str().unwrap().parse().unwrap();
    let system = Actor::system("test");
    site.control
        .update_user(&system, id, None, change)
        .await
        .unwrap();
    assert_eq!(browser.user().await, None, "its session has ended");
    let page = sign_in(&mut browser, &provider).await;
    page.problem(401, "unauthenticated");
    assert!(
        !page.cookies().iter().any(|line| line.starts_with(SESSION)),
        "{page:?}"
    );
    assert_eq!(browser.user().await, None);
}

#[tokio::test]
async fn where_people_make_no_accounts_a_provider_makes_none() {
    for registration in ["first", "closed"] {
        let provider = Provider::start(Lies::default()).await;
        let variables = [("DOKPLOY_REGISTRATION", registration)];
        let site = Site::new(Some(provider.oidc()), &variables).await;
        let mut browser = site.browser();
        let page = sign_in(&mut browser, &provider).await;
        page.problem(403, "permission_denied");
        assert_eq!(browser.user().await, None);
    }
}
