//! What is known about the provider, and what it says about people.

use std::time::Duration;

use dokploy_core::{Error, ErrorKind, Result, Retry};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreIdToken,
    CoreIdTokenClaims, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, ClaimsVerificationError, ClientId, ClientSecret, EmptyAdditionalClaims,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce, RequestTokenError,
    SignatureVerificationError, StandardErrorResponse, SubjectIdentifier,
};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Host;

use super::transport::{Transport, TransportError};
use super::{OidcOptions, Profile, refused};

/// How long a configuration is used before it is read again.
const METADATA_TTL: Duration = Duration::from_hours(1);

/// How long after reading it a key that it does not have is not looked for again: anybody can send a token with a key
/// of his invention.
const KEYS_PAUSE: Duration = Duration::from_secs(30);

/// The algorithms that are believed: a signature with a key that only the provider has.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 6] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// This server at the provider.
pub(super) type Client = openidconnect::Client<
    EmptyAdditionalClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    CoreTokenResponse,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

#[derive(Debug)]
pub(super) struct Provider {
    options: OidcOptions,
    http: Transport,
    known: Mutex<Option<Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    metadata: CoreProviderMetadata,
    read_at: Instant,
}

impl Provider {
    pub(super) fn new(options: OidcOptions) -> Result<Self> {
        let local = match options.issuer.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if options.issuer.scheme() != "https" && !local {
            let expected = "is not https: what it says could be anybody's";
            return Err(Error::invalid_field("issuer", expected));
        }
        Ok(Self {
            options,
            http: Transport::new()?,
            known: Mutex::new(None),
        })
    }

    pub(super) const fn http(&self) -> &Transport {
        &self.http
    }

    pub(super) fn is_issuer(&self, issuer: &str) -> bool {
        self.issuer().as_str() == issuer
    }

    /// The issuer compares letter by letter, and a URL without a path has got a slash that nobody wrote.
    fn issuer(&self) -> IssuerUrl {
        let url = self.options.issuer.as_str();
        let without = match self.options.issuer.path() {
            "/" => url.trim_end_matches('/'),
            _ => url,
        };
        IssuerUrl::new(without.to_owned())
            .unwrap_or_else(|_| IssuerUrl::from_url(self.options.issuer.clone()))
    }

    /// A client of what is known, which is read when it is not, or not any more.
    pub(super) async fn client(&self) -> Result<Client> {
        let metadata = self.metadata(METADATA_TTL).await?;
        Ok(self.client_of(metadata))
    }

    fn client_of(&self, metadata: CoreProviderMetadata) -> Client {
        let secret = self.options.client_secret.as_ref();
        Client::from_provider_metadata(
            metadata,
            ClientId::new(self.options.client_id.clone()),
            secret.map(|secret| ClientSecret::new(secret.expose().to_owned())),
        )
    }

    /// Whoever comes first reads it, and the others wait for him.
    async fn metadata(&self, age_max: Duration) -> Result<CoreProviderMetadata> {
        let mut known = self.known.lock().await;
        if let Some(known) = known
            .as_ref()
            .filter(|known| known.read_at.elapsed() < age_max)
        {
            return Ok(known.metadata.clone());
        }
        let metadata = CoreProviderMetadata::discover_async(self.issuer(), &self.http)
            .await
            .map_err(unusable)?;
        *known = Some(Known {
            metadata: metadata.clone(),
            read_at: Instant::now(),
        });
        Ok(metadata)
    }

    /// Verifies an identity: signature, issuer, audience, times and nonce.
    pub(super) async fn verify(
        &self,
        client: &Client,
        token: &CoreIdToken,
        nonce: &Nonce,
    ) -> Result<CoreIdTokenClaims> {
        let unknown_key = ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey,
        );
        let claims = match claims(client, token, nonce) {
            // A provider may have changed its keys since they were read.
            Err(error) if error == unknown_key => {
                let client = self.client_of(self.metadata(KEYS_PAUSE).await?);
                claims(&client, token, nonce)
            }
            other => other,
        };
        let claims = claims.map_err(disbelieved)?;
        // An identity that was made for another party may only have passed through us.
        let party = claims.authorized_party();
        if party.is_some_and(|party| party.as_str() != self.options.client_id) {
            let message = "it was made for another party".to_owned();
            return Err(disbelieved(ClaimsVerificationError::InvalidAudience(
                message,
            )));
        }
        Ok(claims)
    }

    /// What else the provider tells about a person; `None` where it tells nothing.
    pub(super) async fn user_info(
        &self,
        client: &Client,
        token: &AccessToken,
        subject: &SubjectIdentifier,
    ) -> Result<Option<Profile>> {
        let Ok(request) = client.user_info(token.clone(), Some(subject.clone())) else {
            return Ok(None);
        };
        let claims: CoreUserInfoClaims = request
            .request_async(&self.http)
            .await
            .map_err(|error| {
                tracing::warn!(error = %error, "what the provider says about a person cannot be used");
                refused("what the provider says about the person does not hold")
            })?;
        Ok(Some(Profile::of_user_info(self.issuer().as_str(), &claims)))
    }
}

fn claims(
    client: &Client,
    token: &CoreIdToken,
    nonce: &Nonce,
) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
    let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
    token.claims(&verifier, nonce).cloned()
}

/// The log says what is wrong, the person only that it is.
fn disbelieved(error: ClaimsVerificationError) -> Error {
    tracing::warn!(error = %error, "an identity from the provider does not hold");
    refused("the identity that the provider sent does not hold").with_source(error)
}

/// The provider is away, or is not what it says it is.
pub(super) fn unusable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the provider of identities cannot be used",
    )
    .with_source(error)
    .with_retry(Retry::After(None))
    .with_hint("try again, or sign in with a password")
}

/// Why a code bought no tokens.
pub(super) fn exchange_failed(
    error: RequestTokenError<TransportError, StandardErrorResponse<CoreErrorResponseType>>,
) -> Error {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            tracing::warn!(error = %answer.error(), "the provider gave no tokens for a code");
            refused("the provider does not know the code, or this server")
        }
        RequestTokenError::Parse(..) => {
            tracing::warn!("the provider's answer to a code cannot be read");
            refused("the identity that the provider sent cannot be read")
        }
        other => unusable(other),
    }
}
