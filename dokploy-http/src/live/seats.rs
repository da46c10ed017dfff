//! How many sockets and streams one person may have open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dokploy_core::id::UserId;
use dokploy_core::{Error, ErrorKind, Result};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Counts what is open, for each user.
#[derive(Clone, Debug, Default)]
pub struct Seats {
    taken: Arc<Mutex<HashMap<UserId, usize>>>,
    open: TaskTracker,
}

/// The right to one socket or stream, for as long as it is kept.
#[derive(Debug)]
pub struct Seat {
    user: UserId,
    seats: Seats,
    _open: TaskTrackerToken,
}

impl Seats {
    /// Sockets and streams of one user at the same time.
    pub const USER_MAX: usize = 100;

    /// Takes one.
    ///
    /// # Errors
    ///
    /// `rate_limited` when the user has too many.
    pub fn take(&self, user: UserId) -> Result<Seat> {
        let mut all = self.all();
        let taken = all.entry(user).or_default();
        if *taken >= Self::USER_MAX {
            let message = format!("{} streams are open already", Self::USER_MAX);
            return Err(Error::new(ErrorKind::RateLimited, message)
                .with_hint("close some, or watch several subjects with one socket"));
        }
        *taken += 1;
        Ok(Seat {
            user,
            seats: self.clone(),
            _open: self.open.token(),
        })
    }

    /// Waits until nothing is open any more, where everything was told to end.
    pub async fn emptied(&self) {
        self.open.close();
        self.open.wait().await;
    }

    fn all(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut all = self.seats.all();
        if let Some(taken) = all.get_mut(&self.user) {
            *taken -= 1;
            if *taken == 0 {
                all.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_has_seats_of_his_own_and_gets_them_back() {
        let seats = Seats::default();
        let (anna, bert) = (UserId::new(), UserId::new());
        let mut taken: Vec<_> = (0..Seats::USER_MAX)
            .map(|_| seats.take(anna).unwrap())
            .collect();
        let error = seats.take(anna).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        seats.take(bert).unwrap();
        taken.pop();
        taken.push(seats.take(anna).unwrap());
        drop(taken);
        assert!(seats.all().is_empty());
    }
}
