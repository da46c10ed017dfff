//! Signing in at a certified provider, as a browser does.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use dokploy_core::{ErrorKind, Secret};
use dokploy_http::oidc::{Callback, Oidc, OidcOptions};
use reqwest::header::LOCATION;
use reqwest::{Client, Response};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use url::Url;

use crate::provider::{CLIENT_ID, CLIENT_SECRET};

const REDIRECT_URL: &str = "http://localhost:3000/api/auth/oidc/callback";

/// The provider, which ends when this is dropped.
struct Provider {
    issuer: Url,
    _process: Child,
    /// It says more later, and would end if nobody listened.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Provider {
    async fn start(folder: &str) -> Result<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oidc/certified.mjs");
        let mut process = Command::new("node")
            .args([script, folder, CLIENT_ID, CLIENT_SECRET, REDIRECT_URL])
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

    fn oidc(&self) -> Result<Oidc> {
        Ok(Oidc::new(OidcOptions {
            issuer: self.issuer.clone(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: Some(Secret::new(CLIENT_SECRET)),
            redirect_url: Url::parse(REDIRECT_URL)?,
        })?)
    }
}

/// Signs in as somebody and agrees to everything; returns what the provider sends back.
async fn browse(start: Url, person: &str) -> Result<Callback> {
    let browser = Client::builder()
        .cookie_store(true)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let mut page = browser.get(start).send().await?;
    for _ in 0..20 {
        if let Some(next) = next_address(&page)? {
            if next.as_str().starts_with(REDIRECT_URL) {
                return Ok(serde_json::from_value(serde_json::to_value(
                    next.query_pairs()
                        .collect::<std::collections::BTreeMap<_, _>>(),
                )?)?);
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
    let provider = Provider::start(&folder).await?;
    let oidc = provider.oidc()?;
    let (url, attempt) = oidc.begin(Some("/projects")).await?;
    let callback = browse(url.clone(), "ada").await?;
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
    let stolen = browse(url, "ada").await?;
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
