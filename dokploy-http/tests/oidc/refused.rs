//! Browsers that nobody is signed in on.

use dokploy_core::Secret;
use dokploy_http::oidc::{Oidc, OidcOptions};
use serde_json::json;
use url::Url;

use crate::provider::{CLIENT_ID, Lies, Provider, REDIRECT_URL};
use crate::routes::{ATTEMPT, CALLBACK, LOGIN, SESSION, come_back, leave, sign_in};
use crate::site::{Browser, Page, Site};

/// Checks that a page signs nobody in and repeats nothing of what was sent.
#[track_caller]
fn ensure_refused(page: &Page, browser: &Browser) {
    page.problem(401, "unauthenticated");
    assert!(!page.text.contains("evil"), "{page:?}");
    assert_eq!(browser.cookie(SESSION), None, "{page:?}");
}

#[tokio::test]
async fn a_state_that_is_missing_or_forged_signs_nobody_in() {
    let provider = Provider::start(Lies::default()).await;
    let site = Site::open(provider.oidc()).await;
    for query in [
        "",
        "?code=the-code",
        "?code=the-code&state=",
        "?code=the-code&state=evil",
        "?state=evil&error=access_denied",
    ] {
        let mut browser = site.browser();
        leave(&mut browser, &provider, LOGIN).await;
        let page = browser.get(&format!("{CALLBACK}{query}")).await;
        ensure_refused(&page, &browser);
    }
    assert!(
        provider.asked().is_empty(),
        "no code was taken to the provider"
    );
}

#[tokio::test]
async fn only_the_browser_that_left_is_signed_in() {
    let provider = Provider::start(Lies::default()).await;
    let site = Site::open(provider.oidc()).await;
    let (mut mine, mut other) = (site.browser(), site.browser());
    let state = leave(&mut mine, &provider, LOGIN).await;
    // One that has never left, one that left on its own, and one whose cookie is an invention.
    let page = come_back(&mut other, &state).await;
    ensure_refused(&page, &other);
    leave(&mut other, &provider, LOGIN).await;
    let page = come_back(&mut other, &state).await;
    ensure_refused(&page, &other);
    for forged in ["", "evil", "e30", "%%%", "bnVsbA"] {
        other.set_cookie(ATTEMPT, forged);
        let page = come_back(&mut other, &state).await;
        ensure_refused(&page, &other);
    }
    let state = leave(&mut mine, &provider, LOGIN).await;
    come_back(&mut mine, &state).await.location();
    assert!(mine.user().await.is_some());
}

#[tokio::test]
async fn coming_back_a_second_time_signs_nobody_in() {
    let provider = Provider::start(Lies::default()).await;
    let site = Site::open(provider.oidc()).await;
    let mut browser = site.browser();
    let state = leave(&mut browser, &provider, LOGIN).await;
    come_back(&mut browser, &state).await.location();
    let mut later = site.browser();
    let page = come_back(&mut later, &state).await;
    ensure_refused(&page, &later);
    // In the same browser it ends nothing that was begun.
    come_back(&mut browser, &state)
        .await
        .problem(401, "unauthenticated");
    assert!(browser.user().await.is_some());
}

#[tokio::test]
async fn a_provider_that_refuses_is_not_quoted() {
    let provider = Provider::start(Lies::default()).await;
    let site = Site::open(provider.oidc()).await;
    for answer in [
        "error=access_denied&error_description=evil",
        "error=%3Cscript%3Eevil%3C%2Fscript%3E",
        "code=the-code&iss=https%3A%2F%2Fevil.example",
        "session_state=evil",
    ] {
        let mut browser = site.browser();
        let state = leave(&mut browser, &provider, LOGIN).await;
        let page = browser
            .get(&format!("{CALLBACK}?state={state}&{answer}"))
            .await;
        ensure_refused(&page, &browser);
    }
}

#[tokio::test]
async fn an_identity_that_does_not_hold_leaves_no_session_and_no_account() {
    let lies = Lies {
        claims: Box::new(|claims| claims["nonce"] = json!("evil")),
        ..Lies::default()
    };
    let provider = Provider::start(lies).await;
    let site = Site::open(provider.oidc()).await;
    let mut browser = site.browser();
    let page = sign_in(&mut browser, &provider).await;
    ensure_refused(&page, &browser);
    let system = dokploy_core::access::Actor::system("test");
    let first = dokploy_core::model::PageRequest::first();
    let users = site.control.users(&system, first).await.unwrap();
    assert_eq!(users.items.len(), 1, "only the owner has an account");
}

#[tokio::test]
async fn a_server_without_a_provider_has_no_such_pages() {
    let site = Site::new(None, &[]).await;
    let mut browser = site.browser();
    for path in [LOGIN, CALLBACK] {
        let page = browser.get(path).await;
        page.problem(404, "not_found");
        assert!(page.cookies().is_empty(), "{page:?}");
    }
}

#[tokio::test]
async fn a_provider_that_is_away_is_a_problem_that_passes() {
    let oidc = Oidc::new(OidcOptions {
        issuer: Url::parse("http://127.0.0.1:9").unwrap(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(Secret::new("evil")),
        redirect_url: Url::parse(REDIRECT_URL).unwrap(),
    });
    let site = Site::open(oidc.unwrap()).await;
    let mut browser = site.browser();
    let page = browser.get(LOGIN).await;
    page.problem(503, "unavailable");
    assert!(
        page.headers.contains_key("retry-after") && !page.text.contains("evil"),
        "{page:?}"
    );
    assert!(page.cookies().is_empty(), "{page:?}");
}

#[tokio::test]
async fn the_way_to_the_provider_takes_what_it_knows_and_the_way_back_more() {
    let provider = Provider::start(Lies::default()).await;
    let site = Site::open(provider.oidc()).await;
    let mut browser = site.browser();
    let page = browser.get(&format!("{LOGIN}?return_to=/")).await;
    page.problem(422, "invalid_spec");
    let state = leave(&mut browser, &provider, LOGIN).await;
    let path = format!("{CALLBACK}?code=the-code&state={state}&session_state=x&scope=openid");
    assert_eq!(browser.get(&path).await.location(), "/");
}

#[tokio::test]
async fn an_address_that_asks_without_end_is_told_to_wait() {
    let provider = Provider::start(Lies::default()).await;
    let variables = [
        ("DOKPLOY_RATE_LIMIT", "6/min"),
        ("DOKPLOY_REGISTRATION", "open"),
    ];
    let site = Site::new(Some(provider.oidc()), &variables).await;
    let mut browser = site.browser_at("203.0.113.1:1000");
    for _ in 0..3 {
        let state = leave(&mut browser, &provider, LOGIN).await;
        let page = come_back(&mut browser, &format!("{state}x")).await;
        ensure_refused(&page, &browser);
    }
    for path in [LOGIN, CALLBACK] {
        let page = browser.get(path).await;
        page.problem(429, "rate_limited");
        assert!(page.headers.contains_key("retry-after"), "{page:?}");
    }
    let mut elsewhere = site.browser_at("203.0.113.2:1000");
    sign_in(&mut elsewhere, &provider).await.location();
}
