//! The same request with the same key gets the same answer, and is carried out once.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::ControlPlane;
use crate::access::{Actor, Identity};
use crate::error::{Error, ErrorKind, Result};
use crate::secret::{Context, SealedSecret, Secret};
use crate::store::{Idempotency, StoredResponse};

/// How long an answer is given again.
const TTL: Duration = Duration::from_hours(24);
/// Characters of a key.
const KEY_LEN_MAX: usize = 255;

/// An answer of a front end.
#[derive(Clone, Debug)]
pub struct StoredAnswer {
    /// Its HTTP status, or what another front end has instead.
    pub status: u16,
    /// Its body. It may show a secret once: it is kept sealed.
    pub body: Secret,
    /// Whether it was given before.
    pub replayed: bool,
}

impl ControlPlane {
    /// Carries a request out, or gives the answer again that it got before. `request` is everything that distinguishes
    /// it from others of the same actor: method, path and body.
    ///
    /// An answer that says that the same request may succeed later is not kept.
    ///
    /// # Errors
    ///
    /// `conflict` while the same request is being carried out, `invalid_spec` for a key that cannot be one or was used
    /// for another request.
    pub async fn idempotent(
        &self,
        actor: &Actor,
        key: &str,
        request: &[u8],
        run: impl Future<Output = (u16, Secret)> + Send,
    ) -> Result<StoredAnswer> {
        check(key)?;
        let who = owner(actor);
        let digest = hex::encode(Sha256::digest(request));
        let begun = self
            .store()
            .begin_idempotent(&who, key, &digest, self.now(), TTL)
            .await?;
        match begun {
            Idempotency::New => self.carried_out(&who, key, run).await,
            Idempotency::Done(response) => self.given_again(&who, key, &response),
            Idempotency::Running => Err(Error::new(
                ErrorKind::Conflict,
                "the same request is being carried out",
            )
            .with_hint("ask again in a moment for its answer")),
            Idempotency::Mismatch => Err(Error::invalid_field(
                "Idempotency-Key",
                "was used for another request",
            )
            .with_hint("use a new key for each request")),
        }
    }

    async fn carried_out(
        &self,
        who: &str,
        key: &str,
        run: impl Future<Output = (u16, Secret)> + Send,
    ) -> Result<StoredAnswer> {
        let (status, body) = run.await;
        if passes(status) {
            self.store().abandon_idempotent(who, key).await?;
        } else {
            let row = format!("{who} {key}");
            let sealed = self.inner.engine.keyring().seal(&body, context(&row))?;
            let body = serde_json::to_string(&sealed).map_err(damaged)?;
            let response = StoredResponse { status, body };
            self.store().finish_idempotent(who, key, &response).await?;
        }
        Ok(StoredAnswer {
            status,
            body,
            replayed: false,
        })
    }

    fn given_again(&self, who: &str, key: &str, response: &StoredResponse) -> Result<StoredAnswer> {
        let row = format!("{who} {key}");
        let sealed: SealedSecret = serde_json::from_str(&response.body).map_err(damaged)?;
        Ok(StoredAnswer {
            status: response.status,
            body: self.inner.engine.keyring().open(&sealed, context(&row))?,
            replayed: true,
        })
    }
}

fn check(key: &str) -> Result<()> {
    let is_key =
        (1..=KEY_LEN_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if is_key {
        return Ok(());
    }
    Err(Error::invalid_field(
        "Idempotency-Key",
        "is not 1 to 255 visible ASCII characters",
    ))
}

/// Whose key it is. A token has keys of its own, because it may see less than its account.
fn owner(actor: &Actor) -> String {
    match &actor.identity {
        Identity::Token { token, .. } => format!("token:{}", token.id),
        _ => actor.key(),
    }
}

/// Whether an answer passes: the same request may get another one later.
const fn passes(status: u16) -> bool {
    matches!(status, 401 | 403 | 408 | 409 | 425 | 429) || status >= 500
}

fn context(row: &str) -> Context<'_> {
    Context {
        table: "idempotency",
        row,
        column: "body",
    }
}

fn damaged(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::Unexpected, "a stored answer is malformed").with_source(error)
}
