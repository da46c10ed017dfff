//! Signing in at a certified provider, as a browser does.

use std::collections::BTreeMap;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use dokploy_core::{ErrorKind, Secret};
use dokploy_http::oidc::{Callback, Oidc, OidcOptions};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};
use url::Url;

use crate::provider::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URL};
use crate::routes::{ATTEMPT, CALLBACK, LOGIN};
use crate::site::Site;

/// The provider, which ends when this is dropped.
struct Provider {
    issuer: Url,
    _process: Child,
    /// It says more later, and would end if nobody listened.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Provider {
    async fn start(folder: &str, redirect_url: &str) -> Result<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oidc/certified.mjs");
        let mut process = Command::new("node")
            .args([script, folder, CLIENT_ID, CLIENT_SECRET, redirect_url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("node")?;
        let output = process.stdout.take().context("its output")?;
        let mut output = BufReader::new(output).lines();
        let issuer = output.next_line().await?;
        Ok(Self {
            issuer: Url::parse(&issuer.context("the provider did not start")?)?,
            _process: process,
            _output: output,
        })
    }

    fn oidc(&self, redirect_url: &str) -> Result<Oidc> {
        Ok(Oidc::new(OidcOptions {
            issuer: self.issuer.clone(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: Some(Secret::new(CLIENT_SECRET)),
            redirect_url: Url::parse(redirect_url)?,
        })?)
    }
}

/// A browser that keeps cookies and shows where it is sent.
fn browser() -> Result<Client> {
    let browser = Client::builder()
        .cookie_store(true)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    Ok(browser)
}

/// Signs in as somebody and agrees to everything; returns the address that the provider sends the browser back to.
async fn browse(browser: &Client, start: Url, person: &str, back: &str) -> Result<Url> {
    let mut page = browser.get(start).send().await?;
    for _ in 0..20 {
        if let Some(next) = next_address(&page)? {
            if next.as_str().starts_with(back) {
                return Ok(next);
            }
            page = browser.get(next).send().await?;
            continue;
        }
        let address = page.url().clone();
        let text = page.text().await?;
        let prompt = if text.contains("name=\"login\"") {
            "login"
        } else {
            "consent"
        };
        let form = format!("prompt={prompt}&login={person}&password=any");
        page = browser
            .post(address)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await?;
    }
    anyhow::bail!("the provider never sent the person back")
}

/// Signs in with a new browser, and returns what the provider sends back.
async fn visit(start: Url) -> Result<Callback> {
    let url = browse(&browser()?, start, "ada", REDIRECT_URL).await?;
    let query: BTreeMap<_, _> = url.query_pairs().collect();
    Ok(serde_json::from_value(serde_json::to_value(query)?)?)
}

fn next_address(page: &Response) -> Result<Option<Url>> {
    let Some(next) = page.headers().get(LOCATION) else {
        ensure!(
            page.status().is_success(),
            "{} from {}",
            page.status(),
            page.url()
        );
        return Ok(None);
    };
    Ok(Some(page.url().join(next.to_str()?)?))
}

#[tokio::test]
async fn a_certified_provider_signs_people_in_and_takes_each_code_once() -> Result<()> {
    let Some(folder) = dokploy_tests::environment::require("oidc", "DOKPLOY_TEST_OIDC_PROVIDER")
    else {
        return Ok(());
    };
    let provider = Provider::start(&folder, REDIRECT_URL).await?;
    let oidc = provider.oidc(REDIRECT_URL)?;
    let (url, attempt) = oidc.begin(Some("/projects")).await?;
    let callback = visit(url.clone()).await?;
    let again = Callback {
        code: callback.code.clone(),
        state: callback.state.clone(),
        error: None,
        iss: callback.iss.clone(),
    };
    let profile = oidc.finish(&attempt, callback).await?;
    ensure!(profile.subject == "ada", "{profile:?}");
    ensure!(profile.username.as_deref() == Some("ada"), "{profile:?}");
    ensure!(
        profile.email.as_deref() == Some("ada@example.com"),
        "{profile:?}"
    );
    ensure!(attempt.return_to() == "/projects");

    let error = oidc
        .finish(&attempt, again)
        .await
        .err()
        .context("a code is used twice")?;
    ensure!(error.kind() == ErrorKind::Unauthenticated, "{error:?}");

    // A code of one attempt with the verifier of another one is stolen.
    let (url, _) = oidc.begin(None).await?;
    let stolen = visit(url).await?;
    let (other_url, other) = oidc.begin(None).await?;
    let state = other_url.query_pairs().find(|(name, _)| name == "state");
    let stolen = Callback {
        state: state.map(|(_, value)| value.into_owned()),
        ..stolen
    };
    let error = oidc
        .finish(&other, stolen)
        .await
        .err()
        .context("a stolen code")?;
    ensure!(error.kind() == ErrorKind::Unauthenticated, "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_person_signs_in_at_a_certified_provider_and_comes_back_to_the_server() -> Result<()> {
    let Some(folder) = dokploy_tests::environment::require("oidc", "DOKPLOY_TEST_OIDC_PROVIDER")
    else {
        return Ok(());
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = format!("http://{}", listener.local_addr()?);
    let callback = format!("{server}{CALLBACK}");
    let provider = Provider::start(&folder, &callback).await?;
    let site = Site::open(provider.oidc(&callback)?).await;
    let _serving = site.serve(listener);

    let browser = browser()?;
    let login = format!("{server}{LOGIN}?returnTo=/projects");
    let left = browser.get(login).send().await?;
    let attempt = left.headers().get(SET_COOKIE).context("a cookie")?.clone();
    let attempt = attempt.to_str()?.split(';').next().context("its value")?;
    ensure!(attempt.starts_with(ATTEMPT), "{attempt}");
    let start = next_address(&left)?.context("the provider")?;
    let back = browse(&browser, start, "ada", &callback).await?;
    let done = browser.get(back.clone()).send().await?;
    ensure!(done.headers()[LOCATION] == "/projects", "{done:?}");
    let me = browser.get(format!("{server}/api/auth/me")).send().await?;
    let me: serde_json::Value = serde_json::from_str(&me.text().await?)?;
    ensure!(me["user"]["email"] == "ada@example.com", "{me}");

    // Who has copied all of it comes too late: the code was good for one time.
    let copied = Client::new().get(back).header(COOKIE, attempt);
    let copied = copied.send().await?;
    ensure!(copied.status() == 401, "{copied:?}");
    ensure!(!copied.headers().contains_key(SET_COOKIE), "{copied:?}");
    Ok(())
}
