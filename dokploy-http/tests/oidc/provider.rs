//! A provider on a port of its own that does what a test tells it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use dokploy_core::Secret;
use dokploy_http::oidc::{Attempt, Callback, Oidc, OidcOptions, Profile};
use serde_json::{Value, json};
use url::Url;

use crate::token::Key;

pub(crate) const CLIENT_ID: &str = "dokploy";
pub(crate) const CLIENT_SECRET: &str = "a secret that only the two of them know";
pub(crate) const REDIRECT_URL: &str = "http://localhost:3000/api/auth/oidc/callback";
pub(crate) const SUBJECT: &str = "person-1";

type Signer = Box<dyn Fn(&Key, &Value) -> String + Send + Sync>;
type Change<T> = Box<dyn Fn(&mut T) + Send + Sync>;

/// What the provider says, and how it can be made to say something else.
pub(crate) struct Lies {
    /// Changes its configuration.
    pub(crate) configuration: Change<Value>,
    /// Changes the claims of an identity.
    pub(crate) claims: Change<Value>,
    /// Makes the token of the claims.
    pub(crate) token: Signer,
    /// Changes what it says about a person when asked; `None` in it: 404.
    pub(crate) person: Change<Option<Value>>,
    /// Answers the exchange of the code with something else.
    pub(crate) exchange: Option<fn() -> Response>,
}

impl Default for Lies {
    fn default() -> Self {
        Self {
            configuration: Box::new(|_| {}),
            claims: Box::new(|_| {}),
            token: Box::new(Key::sign),
            person: Box::new(|_| {}),
            exchange: None,
        }
    }
}

#[derive(Clone)]
pub(crate) struct Provider(Arc<Inner>);

struct Inner {
    issuer: Mutex<String>,
    key: Mutex<Key>,
    lies: Lies,
    nonce: Mutex<String>,
    challenge: Mutex<String>,
    asked: Mutex<BTreeMap<String, String>>,
}

impl Provider {
    /// Listens until the test ends.
    pub(crate) async fn start(lies: Lies) -> Self {
        let provider = Self(Arc::new(Inner {
            issuer: Mutex::default(),
            key: Mutex::new(Key::new("first")),
            lies,
            nonce: Mutex::default(),
            challenge: Mutex::default(),
            asked: Mutex::default(),
        }));
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .unwrap();
        *provider.0.issuer.lock().unwrap() = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/person", get(person))
            .with_state(provider.clone());
        #[expect(
            clippy::disallowed_methods,
            reason = "it ends with the runtime of the test"
        )]
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    pub(crate) fn issuer(&self) -> String {
        self.0.issuer.lock().unwrap().clone()
    }

    /// Changes its key, as every provider does now and then.
    pub(crate) fn rotate(&self) {
        *self.0.key.lock().unwrap() = Key::new("second");
    }

    /// The parameters that the code was exchanged with.
    pub(crate) fn asked(&self) -> BTreeMap<String, String> {
        self.0.asked.lock().unwrap().clone()
    }

    pub(crate) fn oidc(&self) -> Oidc {
        self.oidc_of(REDIRECT_URL)
    }

    /// The same for a server at another address.
    pub(crate) fn oidc_of(&self, redirect_url: &str) -> Oidc {
        Oidc::new(OidcOptions {
            issuer: Url::parse(&self.issuer()).unwrap(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: Some(Secret::new(CLIENT_SECRET)),
            redirect_url: Url::parse(redirect_url).unwrap(),
        })
        .unwrap()
    }

    /// Does what a browser does: goes to the provider, which agrees, and comes back.
    pub(crate) async fn visit(&self, oidc: &Oidc) -> dokploy_core::Result<Profile> {
        let (attempt, state) = self.leave(oidc).await?;
        oidc.finish(&attempt, callback(&state)).await
    }

    /// Goes to the provider.
    pub(crate) async fn leave(&self, oidc: &Oidc) -> dokploy_core::Result<(Attempt, String)> {
        let (url, attempt) = oidc.begin(None).await?;
        Ok((attempt, self.welcome(&url, REDIRECT_URL)))
    }

    /// Takes somebody who was sent here, and gives the state that he is sent back with.
    pub(crate) fn welcome(&self, url: &Url, redirect_url: &str) -> String {
        assert!(url.as_str().starts_with(&self.issuer()), "{url}");
        let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["client_id"], CLIENT_ID);
        assert_eq!(query["code_challenge_method"], "S256");
        assert_eq!(query["redirect_uri"], redirect_url);
        assert!(!url.as_str().contains("secret"), "{url}");
        query["nonce"].clone_into(&mut self.0.nonce.lock().unwrap());
        query["code_challenge"].clone_into(&mut self.0.challenge.lock().unwrap());
        query["state"].clone()
    }

    /// What the last person who came was challenged with.
    pub(crate) fn challenge(&self) -> String {
        self.0.challenge.lock().unwrap().clone()
    }
}

/// What the browser comes back with.
pub(crate) fn callback(state: &str) -> Callback {
    Callback {
        code: Some("the-code".to_owned()),
        state: Some(state.to_owned()),
        error: None,
        iss: None,
    }
}

async fn configuration(State(Provider(provider)): State<Provider>) -> Json<Value> {
    let issuer = provider.issuer.lock().unwrap().clone();
    let at = |path: &str| format!("{issuer}/{path}");
    let mut configuration = json!({
        "issuer": issuer,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("person"),
        "jwks_uri": at("keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    });
    (provider.lies.configuration)(&mut configuration);
    Json(configuration)
}

async fn keys(State(Provider(provider)): State<Provider>) -> Json<Value> {
    Json(json!({"keys": [provider.key.lock().unwrap().published()]}))
}

async fn token(
    State(Provider(provider)): State<Provider>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    provider.asked.lock().unwrap().clone_from(&form);
    if let Some(answer) = provider.lies.exchange {
        return answer();
    }
    let now = i64::try_from(now()).unwrap();
    let mut claims = json!({
        "iss": provider.issuer.lock().unwrap().clone(),
        "sub": SUBJECT,
        "aud": CLIENT_ID,
        "exp": now + 300,
        "iat": now,
        "nonce": provider.nonce.lock().unwrap().clone(),
        "preferred_username": "ada",
        "email": "ada@example.com",
        "email_verified": true,
    });
    (provider.lies.claims)(&mut claims);
    let token = (provider.lies.token)(&provider.key.lock().unwrap(), &claims);
    Json(json!({"access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": token})).into_response()
}

async fn person(State(Provider(provider)): State<Provider>, headers: HeaderMap) -> Response {
    assert_eq!(headers[header::AUTHORIZATION], "Bearer access");
    let mut person = Some(json!({
        "sub": SUBJECT, "preferred_username": "grace", "email": "grace@example.com", "email_verified": true,
    }));
    (provider.lies.person)(&mut person);
    person.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |person| Json(person).into_response(),
    )
}

/// Leads whoever exchanges a code to somebody else.
pub(crate) fn elsewhere() -> Response {
    Redirect::temporary("http://127.0.0.1:9/steal").into_response()
}

fn now() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a provider has a clock of its own"
    )]
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
