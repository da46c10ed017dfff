//! Signing in with OpenID Connect: the code flow with PKCE, state and nonce.
//!
//! This is the protocol alone. Whom a subject of an issuer may become, and what he may do then, the core decides.

mod attempt;
mod profile;
mod provider;
mod transport;

use dokploy_core::{Error, ErrorKind, Result, Secret};
use openidconnect::core::CoreAuthenticationFlow;
use openidconnect::{
    AuthorizationCode, CsrfToken, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, TokenResponse,
};
use serde::Deserialize;
use url::Url;

pub use self::attempt::Attempt;
pub use self::profile::Profile;
use self::provider::{Client, Provider};

/// What is needed to know a provider.
#[derive(Clone, Debug)]
pub struct OidcOptions {
    /// The issuer, exactly as it calls itself. Its configuration is read from below it.
    pub issuer: Url,
    /// The name of this server at the provider.
    pub client_id: String,
    /// Its secret there; unset for a public client.
    pub client_secret: Option<Secret>,
    /// Where the provider sends people back: `<public URL>/api/auth/oidc/callback`.
    pub redirect_url: Url,
}

/// A provider that people sign in with.
#[derive(Debug)]
pub struct Oidc {
    provider: Provider,
    redirect_url: RedirectUrl,
}

/// What the provider sends back with the person.
#[derive(Debug, Deserialize)]
pub struct Callback {
    /// Buys the tokens, once.
    pub code: Option<String>,
    /// What the attempt was begun with.
    pub state: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// Who answers, where the provider says so (RFC 9207).
    pub iss: Option<String>,
}

impl Oidc {
    /// Prepares to ask a provider; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for an issuer that is neither `https` nor on a loopback address.
    pub fn new(options: OidcOptions) -> Result<Self> {
        let redirect_url = RedirectUrl::from_url(options.redirect_url.clone());
        Ok(Self {
            provider: Provider::new(options)?,
            redirect_url,
        })
    }

    /// Begins an attempt to sign in. Returns where to send the person, and what his browser has to keep until he
    /// comes back.
    ///
    /// # Errors
    ///
    /// `unavailable` when the provider does not answer, or answers something else than a configuration of its own.
    pub async fn begin(&self, return_to: Option<&str>) -> Result<(Url, Attempt)> {
        let client = self.client().await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scope(Scope::new("profile".to_owned()))
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let attempt = Attempt::new(&state, &nonce, &verifier, return_to);
        Ok((url, attempt))
    }

    /// Ends an attempt: exchanges the code and verifies who came back.
    ///
    /// # Errors
    ///
    /// `unauthenticated` when the attempt was begun elsewhere, the provider refused, or what it says does not hold:
    /// signature, issuer, audience, times, nonce, or the subject. `unavailable` when it does not answer.
    pub async fn finish(&self, attempt: &Attempt, callback: Callback) -> Result<Profile> {
        if !attempt.has_state(callback.state.as_deref()) {
            return Err(refused("it was begun in another browser, or long ago"));
        }
        if callback
            .iss
            .is_some_and(|issuer| !self.provider.is_issuer(&issuer))
        {
            return Err(refused("another provider has answered"));
        }
        let Some(code) = callback.code else {
            // What the provider says is shown to nobody: anybody can write it into the address.
            tracing::info!(
                error = callback.error,
                "the provider refused to sign somebody in"
            );
            return Err(refused("the provider did not agree"));
        };
        let client = self.client().await?;
        let response = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(provider::unusable)?
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier().to_owned()))
            .request_async(self.provider.http())
            .await
            .map_err(provider::exchange_failed)?;
        let token = response
            .id_token()
            .ok_or_else(|| refused("the provider sent no identity"))?;
        let claims = self
            .provider
            .verify(&client, token, &Nonce::new(attempt.nonce().to_owned()))
            .await?;
        let profile = Profile::of_claims(&claims);
        if profile.is_complete() {
            return Ok(profile);
        }
        // Many providers put no more than the subject into the token, and tell the rest when they are asked.
        let more = self
            .provider
            .user_info(&client, response.access_token(), claims.subject())
            .await?;
        Ok(more.map_or(profile.clone(), |more| profile.or(more)))
    }

    async fn client(&self) -> Result<Client> {
        let client = self.provider.client().await?;
        Ok(client.set_redirect_uri(self.redirect_url.clone()))
    }
}

/// The attempt ends here; nobody is told more than why, in words of our own.
fn refused(why: &str) -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        format!("nobody was signed in: {why}"),
    )
    .with_hint("sign in again")
}
