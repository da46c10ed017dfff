//! Coming in through a provider of identities.

use super::ControlPlane;
use super::audited::About;
use super::auth::SignedIn;
use super::users::{NewUser, account};
use crate::access::Actor;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ExternalIdentity, Role, User};

/// How many names are tried for a new account.
const NAME_TRIES_MAX: u32 = 5;

/// What a provider of identities says about somebody. The front end has verified it.
#[derive(Clone, Debug)]
pub struct ExternalProfile {
    /// The provider.
    pub issuer: String,
    /// Who he is for the provider. Together with the issuer it is the only thing that an account is bound to.
    pub subject: String,
    /// A name that he would like; another one is chosen where it is taken.
    pub username: Option<String>,
    /// His address, for people to read.
    pub email: Option<String>,
}

impl ControlPlane {
    /// Comes in as somebody whom a provider of identities vouches for. Accounts are bound to issuer and subject: an
    /// equal name or address is no reason to be let into an account that exists.
    ///
    /// # Errors
    ///
    /// `permission_denied` for somebody without an account, where people may not make accounts for themselves, and
    /// before there is an owner; `unauthenticated` for a disabled account.
    pub async fn login_external(
        &self,
        actor: &Actor,
        profile: &ExternalProfile,
    ) -> Result<SignedIn> {
        let (issuer, subject) = (&profile.issuer, &profile.subject);
        let found = self.store().find_user_by_identity(issuer, subject).await?;
        let about = match &found {
            Some(user) => About::thing("user", user.id),
            None => About::thing("user", "new"),
        };
        let work = async {
            match found {
                Some(user) if user.disabled => {
                    let message = "the account is disabled";
                    Err(Error::new(ErrorKind::Unauthenticated, message))
                }
                Some(user) => self.signed_in(user).await,
                None => {
                    let user = self.external_account(profile).await?;
                    self.signed_in(user).await
                }
            }
        };
        let about = about.with_detail(issuer);
        self.recorded(actor, "auth.login_external", about, work)
            .await
    }

    /// Makes an account for somebody who comes for the first time. He is never the owner: whoever is first to reach a
    /// provider that everybody can have an account at would own the installation.
    async fn external_account(&self, profile: &ExternalProfile) -> Result<User> {
        if self.may_register().await? {
            let message = "the first account is made with a password";
            return Err(Error::new(ErrorKind::PermissionDenied, message)
                .with_hint("register the owner first"));
        }
        let wanted = wanted_name(profile);
        for number in 1..=NAME_TRIES_MAX {
            let username = match number {
                1 => wanted.clone(),
                _ => format!("{wanted}-{number}"),
            };
            let new = NewUser {
                username,
                password: None,
                role: Role::Viewer,
                email: profile.email.clone(),
            };
            let user = account(&new, self.now())?;
            let identity = ExternalIdentity {
                issuer: profile.issuer.clone(),
                subject: profile.subject.clone(),
                user_id: user.id,
            };
            match self.store().create_external_user(&user, &identity).await {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                result => return result.map(|()| user),
            }
        }
        let message = format!("no name is free that is like {wanted}");
        Err(Error::new(ErrorKind::AlreadyExists, message)
            .with_hint("ask an administrator for an account"))
    }
}

/// A name that may be one, made of what the provider says.
fn wanted_name(profile: &ExternalProfile) -> String {
    let said = profile.username.as_deref().or(profile.email.as_deref());
    let kept: String = said
        .unwrap_or_default()
        .chars()
        .filter(|char| char.is_ascii_alphanumeric() || "._-@".contains(*char))
        .take(48)
        .collect();
    let kept = kept.trim_start_matches(|char: char| !char.is_ascii_alphanumeric());
    if kept.is_empty() {
        "user".to_owned()
    } else {
        kept.to_owned()
    }
}
