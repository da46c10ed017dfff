//! On whose behalf something is done.

use std::fmt;

use crate::id::{SessionId, UserId};
use crate::model::{ActorRef, ApiToken, User};

/// On whose behalf something is done, and where the request came from.
///
/// An actor is as good as the moment at which it was authenticated: a front end authenticates each request, and
/// [`ControlPlane`](crate::control::ControlPlane) checks the actor of an open stream again.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    /// Who it is.
    pub identity: Identity,
    /// The address that the request came from, for the audit trail and the throttle.
    pub address: Option<String>,
    /// Identifier of the request, for the audit trail.
    pub request_id: Option<String>,
}

/// Who somebody is.
#[derive(Clone, Debug, PartialEq)]
pub enum Identity {
    /// A person who signed in.
    User {
        /// The account, as it was at that moment.
        user: User,
        /// The session.
        session: SessionId,
    },
    /// A program with a token.
    Token {
        /// The account whose token it is.
        user: User,
        /// The token: its scopes and projects narrow what the account may.
        token: ApiToken,
    },
    /// The program that embeds the engine, under a name of its own: `cli`, `webhook:github`. It may do everything.
    System(String),
    /// Nobody.
    Anonymous,
}

impl Actor {
    /// Nobody.
    pub const fn anonymous() -> Self {
        Self::of(Identity::Anonymous)
    }

    /// The program that embeds the engine, which may do everything.
    pub fn system(name: impl Into<String>) -> Self {
        Self::of(Identity::System(name.into()))
    }

    /// Somebody of whom nothing more is known.
    pub const fn of(identity: Identity) -> Self {
        Self {
            identity,
            address: None,
            request_id: None,
        }
    }

    /// Adds the address that the request came from.
    #[must_use]
    pub fn with_address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Adds the identifier of the request.
    #[must_use]
    pub fn with_request_id(mut self, request_id: impl Into<String>) -> Self {
        self.request_id = Some(request_id.into());
        self
    }

    /// The account, for a person and for a token.
    pub const fn user(&self) -> Option<&User> {
        match &self.identity {
            Identity::User { user, .. } | Identity::Token { user, .. } => Some(user),
            Identity::System(_) | Identity::Anonymous => None,
        }
    }

    /// Identifier of the account.
    pub fn user_id(&self) -> Option<UserId> {
        self.user().map(|user| user.id)
    }

    /// The session of a person who signed in.
    pub const fn session(&self) -> Option<SessionId> {
        match &self.identity {
            Identity::User { session, .. } => Some(*session),
            _ => None,
        }
    }

    /// Whether it is the program itself.
    pub const fn is_system(&self) -> bool {
        matches!(self.identity, Identity::System(_))
    }

    /// What the audit trail keeps: the id of the account, `system` or `anonymous`.
    pub fn key(&self) -> String {
        match &self.identity {
            Identity::User { user, .. } | Identity::Token { user, .. } => user.id.to_string(),
            Identity::System(_) => "system".to_owned(),
            Identity::Anonymous => "anonymous".to_owned(),
        }
    }

    /// How a deployment names who asked for it.
    pub fn reference(&self) -> ActorRef {
        ActorRef(self.to_string())
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.identity {
            Identity::User { user, .. } => f.write_str(&user.username),
            Identity::Token { user, token } => {
                write!(f, "{} (token {})", user.username, token.name)
            }
            Identity::System(name) => f.write_str(name),
            Identity::Anonymous => f.write_str("anonymous"),
        }
    }
}
