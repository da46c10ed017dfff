//! Tokens for programs.

use std::collections::BTreeSet;
use std::time::Duration;

use super::ControlPlane;
use super::audited::About;
use super::reach::{denied, nobody, require};
use crate::access::{Action, Actor, Identity, can, generate_token, token_digest};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{ProjectId, TokenId, UserId};
use crate::model::{ApiToken, Page, PageRequest, Scope};
use crate::secret::Secret;

/// How old the note of the last use may be, so that a program that calls often does not write often.
const TOUCH_INTERVAL: Duration = Duration::from_mins(1);

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Name for people.
    pub name: String,
    /// What it allows, within what its account may.
    pub scopes: BTreeSet<Scope>,
    /// The only projects that it reaches; unset: all that its account does.
    pub project_ids: Option<Vec<ProjectId>>,
    /// When it ends; unset: never.
    pub expires_at: Option<Timestamp>,
}

/// A token that was just made.
#[derive(Clone, Debug)]
pub struct CreatedToken {
    /// As stored.
    pub token: ApiToken,
    /// The token itself: shown now and never again.
    pub secret: Secret,
}

impl ControlPlane {
    /// Makes a token for the actor's own account. A token makes none that may more than itself.
    ///
    /// # Errors
    ///
    /// `invalid_spec` with every broken field, `not_found` for a project that the actor does not reach.
    pub async fn create_token(&self, actor: &Actor, new: NewToken) -> Result<CreatedToken> {
        let user = actor.user().ok_or_else(nobody)?;
        let now = self.now();
        let token = ApiToken {
            id: TokenId::new(),
            user_id: user.id,
            name: new.name,
            scopes: new.scopes,
            project_ids: new.project_ids,
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
        };
        let about = About::thing("token", token.id).with_detail(&token.name);
        let work = async {
            require(actor, Action::TokenCreate)?;
            token.validate()?;
            if token.expires_at.is_some_and(|end| end <= now) {
                return Err(Error::invalid_field("expiresAt", "is in the past"));
            }
            require_not_more(actor, &token)?;
            for project in token.project_ids.iter().flatten() {
                self.project_for(actor, Action::ProjectRead, *project)
                    .await?;
            }
            let secret = generate_token()?;
            let digest = token_digest(secret.expose())
                .ok_or_else(|| Error::new(ErrorKind::Unexpected, "a new token has no digest"))?;
            self.store().create_token(&token, &digest).await?;
            Ok(CreatedToken { token, secret })
        };
        self.change(actor, Action::TokenCreate, about, work).await
    }

    /// Tokens of an account, newest first; unset: the actor's own.
    pub async fn tokens(
        &self,
        actor: &Actor,
        of: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<ApiToken>> {
        let user = of.or_else(|| actor.user_id()).ok_or_else(nobody)?;
        let action = if actor.user_id() == Some(user) {
            Action::TokenRead
        } else {
            Action::ForeignTokenRead
        };
        let work = async {
            require(actor, action)?;
            self.store().list_tokens(Some(user), page).await
        };
        self.read(actor, action, About::thing("user", user), work)
            .await
    }

    /// Deletes a token; it is dead at once, in every process. Administrators delete those of others, too.
    pub async fn delete_token(&self, actor: &Actor, id: TokenId) -> Result<()> {
        let work = async {
            require(actor, Action::TokenDelete)?;
            let found = self.store().find_token(id).await?;
            let visible = found.filter(|token| {
                actor.user_id() == Some(token.user_id) || can(actor, Action::ForeignTokenDelete)
            });
            let token = visible.ok_or_else(|| Error::not_found("token", id))?;
            self.store().revoke_token(id, self.now()).await?;
            Ok(token.user_id)
        };
        let about = About::thing("token", id);
        let user = self.change(actor, Action::TokenDelete, about, work).await?;
        self.tell_of_access(user).await;
        Ok(())
    }

    /// Notes that a token was used, now and then. That it fails is no reason to refuse the call.
    pub(super) async fn touch(&self, token: &ApiToken) {
        let now = self.now();
        let is_noted = token
            .last_used_at
            .is_some_and(|last| now.since(last) < TOUCH_INTERVAL);
        if is_noted {
            return;
        }
        if let Err(error) = self.store().touch_token(token.id, now).await {
            tracing::debug!(error = %error, "the last use of a token was not noted");
        }
    }
}

/// What a token makes is narrower than itself, and ends no later.
fn require_not_more(actor: &Actor, new: &ApiToken) -> Result<()> {
    let Identity::Token { token: own, .. } = &actor.identity else {
        return Ok(());
    };
    let scopes = new
        .scopes
        .iter()
        .all(|scope| own.scopes.iter().any(|mine| mine >= scope));
    let projects = match (&own.project_ids, &new.project_ids) {
        (None, _) => true,
        (Some(own), Some(new)) => new.iter().all(|project| own.contains(project)),
        (Some(_), None) => false,
    };
    let end = match (own.expires_at, new.expires_at) {
        (None, _) => true,
        (Some(own), Some(new)) => new <= own,
        (Some(_), None) => false,
    };
    if scopes && projects && end {
        Ok(())
    } else {
        Err(denied(actor, Action::TokenCreate))
    }
}
