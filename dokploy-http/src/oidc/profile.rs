//! Who came back.

use openidconnect::StandardClaims;
use openidconnect::core::{CoreGenderClaim, CoreIdTokenClaims, CoreUserInfoClaims};

/// Who came back, as the provider says. Only issuer and subject say who it is; the rest is for people, and may be
/// anybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The provider.
    pub issuer: String,
    /// The person, for ever the same at this provider.
    pub subject: String,
    /// What he likes to be called.
    pub username: Option<String>,
    /// His address, only when the provider has verified it.
    pub email: Option<String>,
}

impl Profile {
    pub(super) fn of_claims(claims: &CoreIdTokenClaims) -> Self {
        let plain = [
            claims.preferred_username().map(|name| name.as_str()),
            claims.email().map(|email| email.as_str()),
        ];
        Self::new(
            claims.issuer().as_str(),
            claims.subject().as_str(),
            plain,
            claims.email_verified(),
        )
    }

    pub(super) fn of_user_info(issuer: &str, claims: &CoreUserInfoClaims) -> Self {
        let claims: &StandardClaims<CoreGenderClaim> = claims.standard_claims();
        let plain = [
            claims.preferred_username().map(|name| name.as_str()),
            claims.email().map(|email| email.as_str()),
        ];
        Self::new(
            issuer,
            claims.subject().as_str(),
            plain,
            claims.email_verified(),
        )
    }

    fn new(
        issuer: &str,
        subject: &str,
        [username, email]: [Option<&str>; 2],
        email_verified: Option<bool>,
    ) -> Self {
        Self {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            username: username.map(str::to_owned),
            email: email
                .filter(|_| email_verified == Some(true))
                .map(str::to_owned),
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.username.is_some() && self.email.is_some()
    }

    /// Fills what is missing from another answer about the same person.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            username: self.username.or(other.username),
            email: self.email.or(other.email),
            ..self
        }
    }
}
