//! Passwords: Argon2id for new ones, bcrypt for those that were brought along.

use std::fmt;
use std::sync::Arc;

use super::argon::Argon;
use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

use crate::error::{Error, ErrorKind, Result};
use crate::model::PasswordHash;
use crate::secret::Secret;

/// Hashes that are made at once: each takes 19 MiB and a core for some ten milliseconds.
const CONCURRENT_MAX: usize = 4;
/// Characters of a password.
const LEN_MIN: usize = 8;
/// Bytes of a password.
const BYTES_MAX: usize = 1024;
/// Most work of a foreign bcrypt hash: a greater cost would be a way to keep a core busy for minutes.
const BCRYPT_COST_MAX: u32 = 16;

/// What a password turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not the one.
    Wrong,
    /// The one.
    Right,
    /// The one, and its hash should be made anew.
    Outdated,
}

/// Makes and verifies hashes of passwords, a few at once and on threads where blocking hurts nobody.
#[derive(Clone)]
pub(crate) struct Passwords {
    slots: Arc<Semaphore>,
    /// What the password of an account that does not exist is compared with, so that it takes as long.
    absent: Arc<OnceCell<PasswordHash>>,
}

/// A place in which one password is verified.
#[derive(Debug)]
pub(crate) struct Slot<'a> {
    passwords: &'a Passwords,
    _permit: SemaphorePermit<'a>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(CONCURRENT_MAX)),
            absent: Arc::default(),
        }
    }

    /// Waits for a place. What has to be known before a guess is tried is looked at while holding it, so that no
    /// more guesses than places are under way.
    pub(crate) async fn slot(&self) -> Result<Slot<'_>> {
        let permit = self.slots.acquire().await.map_err(|error| {
            Error::new(ErrorKind::Unexpected, "passwords are not verified any more")
                .with_source(error)
        })?;
        Ok(Slot {
            passwords: self,
            _permit: permit,
        })
    }

    /// The hash of a new password.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for one that is too short or too long.
    pub(crate) async fn hash(&self, password: &Secret, field: &str) -> Result<PasswordHash> {
        check(password, field)?;
        self.slot().await?.hash(password).await
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

impl Slot<'_> {
    /// Compares a password with the hash of an account; without one the work is the same and the answer no.
    pub(crate) async fn verify(
        &self,
        password: &Secret,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict> {
        let exists = hash.is_some();
        let hash = match hash {
            Some(hash) => hash.clone(),
            None => self.absent().await?,
        };
        if password.expose().len() > BYTES_MAX {
            return Ok(Verdict::Wrong);
        }
        let password = password.clone();
        let verdict = blocking(move || Ok(verdict(&password, &hash))).await?;
        Ok(if exists { verdict } else { Verdict::Wrong })
    }

    /// The hash of a password that was checked before.
    pub(crate) async fn hash(&self, password: &Secret) -> Result<PasswordHash> {
        let password = password.clone();
        blocking(move || {
            let hash = Argon::default().hash_password(password.expose().as_bytes());
            hash.map(|hash| PasswordHash::new(hash.to_string()))
                .map_err(|error| {
                    let message = format!("the password cannot be hashed: {error}");
                    Error::new(ErrorKind::Unavailable, message)
                })
        })
        .await
    }

    async fn absent(&self) -> Result<PasswordHash> {
        let made = self.passwords.absent.get_or_try_init(|| async {
            let nobody = crate::access::api_token::generate()?;
            self.hash(&nobody).await
        });
        made.await.cloned()
    }
}

/// Checks what may be a password. Length is all that is asked: every other rule makes people choose worse ones.
///
/// # Errors
///
/// `invalid_spec`, which does not repeat the password.
pub(crate) fn check(password: &Secret, field: &str) -> Result<()> {
    let text = password.expose();
    if text.chars().count() < LEN_MIN {
        return Err(Error::invalid_field(field, "is shorter than 8 characters"));
    }
    if text.len() > BYTES_MAX {
        return Err(Error::invalid_field(field, "is longer than 1024 bytes"));
    }
    Ok(())
}

fn verdict(password: &Secret, hash: &PasswordHash) -> Verdict {
    let (password, hash) = (password.expose().as_bytes(), hash.expose());
    if is_bcrypt(hash) {
        return match bcrypt::verify(password, hash) {
            Ok(true) => Verdict::Outdated,
            Ok(false) | Err(_) => Verdict::Wrong,
        };
    }
    let Ok(parsed) = Phc::new(hash) else {
        return Verdict::Wrong;
    };
    let current = Argon::default();
    match current.verify_password(password, &parsed) {
        Ok(()) if is_current(&parsed, &current) => Verdict::Right,
        Ok(()) => Verdict::Outdated,
        Err(_) => Verdict::Wrong,
    }
}

/// Whether a text is a bcrypt hash of bearable cost: `$2b$12$…`, also `$2a$`, `$2x$` and `$2y$`.
fn is_bcrypt(hash: &str) -> bool {
    let mut parts = hash.split('$').skip(1);
    let known = parts
        .next()
        .is_some_and(|version| ["2a", "2b", "2x", "2y"].contains(&version));
    let cost = parts.next().and_then(|cost| cost.parse::<u32>().ok());
    known && cost.is_some_and(|cost| cost <= BCRYPT_COST_MAX)
}

/// Whether a hash was made as new ones are.
fn is_current(hash: &Phc, current: &Argon) -> bool {
    let params = argon2::Params::try_from(hash);
    hash.algorithm.as_str() == "argon2id"
        && params.is_ok_and(|params| {
            let now = current.params();
            (params.m_cost(), params.t_cost(), params.p_cost())
                == (now.m_cost(), now.t_cost(), now.p_cost())
        })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        Error::new(ErrorKind::Unexpected, "hashing a password failed").with_source(error)
    })?
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn verify(password: &str, hash: Option<&PasswordHash>) -> Verdict {
        let passwords = Passwords::new();
        let slot = passwords.slot().await.unwrap();
        slot.verify(&password.into(), hash).await.unwrap()
    }

    #[tokio::test]
    async fn a_password_is_right_for_its_own_hash_only() {
        let passwords = Passwords::new();
        let hash = passwords
            .hash(&"correct horse".into(), "password")
            .await
            .unwrap();
        assert!(
            hash.expose().starts_with("$argon2id$v=19$"),
            "{}",
            hash.expose()
        );
        assert_eq!(verify("correct horse", Some(&hash)).await, Verdict::Right);
        assert_eq!(verify("correct horsf", Some(&hash)).await, Verdict::Wrong);
        assert_eq!(verify("", Some(&hash)).await, Verdict::Wrong);
        let again = passwords
            .hash(&"correct horse".into(), "password")
            .await
            .unwrap();
        assert_ne!(
            hash.expose(),
            again.expose(),
            "each hash has a salt of its own"
        );
    }

    #[tokio::test]
    async fn a_bcrypt_hash_is_accepted_and_outdated() {
        let hash = PasswordHash::new(bcrypt::hash("correct horse", 4).unwrap());
        assert_eq!(
            verify("correct horse", Some(&hash)).await,
            Verdict::Outdated
        );
        assert_eq!(verify("wrong horse", Some(&hash)).await, Verdict::Wrong);
        let other_tool = hash.expose().replacen("$2b$", "$2y$", 1);
        assert_eq!(
            verify("correct horse", Some(&PasswordHash::new(other_tool))).await,
            Verdict::Outdated
        );
    }

    #[tokio::test]
    async fn weaker_argon2_hashes_are_outdated() {
        let weak = argon2::Params::new(1024, 1, 1, None).unwrap();
        let weak = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, weak);
        let hash = weak.hash_password(b"correct horse").unwrap().to_string();
        let verdict = verify("correct horse", Some(&PasswordHash::new(hash))).await;
        assert_eq!(verdict, Verdict::Outdated);
    }

    #[tokio::test]
    async fn nobody_and_nonsense_are_wrong_and_no_error() {
        assert_eq!(verify("correct horse", None).await, Verdict::Wrong);
        for hash in [
            "",
            "plain",
            "$2b$99$abc",
            "$argon2id$v=19$m=1,t=1,p=1$AA$AA",
            "$2b$31$",
        ] {
            let hash = PasswordHash::new(hash.to_owned());
            assert_eq!(verify("plain", Some(&hash)).await, Verdict::Wrong);
        }
        let long = "x".repeat(BYTES_MAX + 1);
        assert_eq!(verify(&long, None).await, Verdict::Wrong);
    }

    #[test]
    fn only_the_length_of_a_password_is_judged() {
        for good in ["12345678", "päßwörtß", &"x".repeat(BYTES_MAX)] {
            assert!(check(&good.into(), "password").is_ok());
        }
        for bad in ["", "1234567", &"x".repeat(BYTES_MAX + 1)] {
            let error = check(&bad.into(), "password").unwrap_err();
            assert!(
                bad.is_empty() || !error.to_string().contains(bad),
                "{error}"
            );
        }
    }
}
