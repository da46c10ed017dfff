//! A server whose people come in through a provider, and their browsers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use dokploy_core::access::Actor;
use dokploy_core::control::{ControlOptions, ControlPlane, NewUser};
use dokploy_core::model::Role;
use dokploy_core::runtime::FakeRuntime;
use dokploy_core::secret::Keyring;
use dokploy_core::source::FakeSource;
use dokploy_core::store::MemoryStore;
use dokploy_core::{Engine, EngineOptions};
use dokploy_http::config::{Environment, ServerConfig};
use dokploy_http::oidc::Oidc;
use dokploy_http::server::listen::{self, Peer};
use dokploy_http::server::{AppState, router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use url::Url;

/// A server in this process, which has an owner.
pub(crate) struct Site {
    pub(crate) control: ControlPlane,
    router: Router,
    _directory: tempfile::TempDir,
}

/// A browser: it keeps cookies, and follows no redirect by itself.
pub(crate) struct Browser {
    router: Router,
    address: &'static str,
    cookies: BTreeMap<String, String>,
}

/// What a browser gets.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Site {
    /// One whose people are known to a provider, or one that knows none.
    pub(crate) async fn new(oidc: Option<Oidc>, variables: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::builder()
            .store(Arc::new(MemoryStore::new()))
            .runtime(Arc::new(FakeRuntime::new()))
            .source(Arc::new(FakeSource::new()))
            .keyring(Keyring::from_base64(dokploy_tests::fakes::KEY).unwrap())
            .data_dir(directory.path())
            .options(EngineOptions {
                concurrency: 0,
                watch_interval: Duration::ZERO,
                ..EngineOptions::default()
            })
            .start()
            .await
            .unwrap();
        let config = ServerConfig::read(&Environment::of(variables.iter().copied())).unwrap();
        let options = ControlOptions {
            registration: config.registration,
            ..ControlOptions::default()
        };
        let control = ControlPlane::new(engine.clone(), options);
        let owner = NewUser {
            username: "olivia".to_owned(),
            password: None,
            role: Role::Owner,
            email: None,
        };
        control
            .create_user(&Actor::system("test"), owner)
            .await
            .unwrap();
        let state = AppState::new(engine, control.clone(), config, CancellationToken::new());
        let state = match oidc {
            Some(oidc) => state.with_oidc(oidc),
            None => state,
        };
        Self {
            control,
            router: router(state),
            _directory: directory,
        }
    }

    /// One that everybody may have an account at.
    pub(crate) async fn open(oidc: Oidc) -> Self {
        Self::new(Some(oidc), &[("DOKPLOY_REGISTRATION", "open")]).await
    }

    /// Serves it on a port, for as long as what is returned is kept.
    pub(crate) fn serve(&self, listener: TcpListener) -> JoinSet<()> {
        let mut serving = JoinSet::new();
        let stop = CancellationToken::new();
        serving.spawn(listen::serve(listener, self.router.clone(), stop));
        serving
    }

    /// A browser without a cookie, somewhere.
    pub(crate) fn browser(&self) -> Browser {
        self.browser_at("203.0.113.1:1000")
    }

    pub(crate) fn browser_at(&self, address: &'static str) -> Browser {
        Browser {
            router: self.router.clone(),
            address,
            cookies: BTreeMap::new(),
        }
    }
}

impl Browser {
    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let mut request = Request::get(path);
        if !self.cookies.is_empty() {
            let cookies: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let mut request = request.body(Body::empty()).unwrap();
        let peer = Peer(self.address.parse().unwrap());
        request.extensions_mut().insert(peer);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let page = Page {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        };
        for line in page.cookies() {
            let (pair, attributes) = line.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        page
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Who the server takes this browser for.
    pub(crate) async fn user(&mut self) -> Option<Value> {
        let page = self.get("/api/auth/me").await;
        let body: Value = serde_json::from_str(&page.text).unwrap();
        (page.status == StatusCode::OK).then(|| body["user"].clone())
    }
}

impl Page {
    /// The lines that set cookies.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        let lines = self.headers.get_all(header::SET_COOKIE).iter();
        lines.map(|line| line.to_str().unwrap()).collect()
    }

    /// Where it sends the browser.
    #[track_caller]
    pub(crate) fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::FOUND, "{self:?}");
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// The same as an address.
    #[track_caller]
    pub(crate) fn url(&self) -> Url {
        Url::parse(self.location()).unwrap()
    }

    /// Checks that it is a problem of this status and code.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(
            self.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
        let body: Value = serde_json::from_str(&self.text).unwrap();
        assert_eq!(body["code"], code, "{body}");
        body
    }
}
