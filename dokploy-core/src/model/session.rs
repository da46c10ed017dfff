//! Sessions: proof that somebody signed in, kept on the server so that it can be taken away at once.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};

/// A user who signed in. Signing out deletes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Identifier. It proves nothing by itself: what a browser gets is signed.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// When he signed in.
    pub created_at: Timestamp,
    /// From when on it is not accepted any more.
    pub expires_at: Timestamp,
}
