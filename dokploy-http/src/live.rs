//! What clients watch while it happens: one socket for many subjects.
//!
//! Nothing is pushed into a buffer of a client. Its task takes the next item of a subject only when the connection has
//! taken the one before, and the items come from where they are kept: whoever reads slowly costs no memory and holds
//! nobody up.

mod message;
mod outbox;
mod seats;
mod socket;
mod topic;
mod upgrade;

pub use self::seats::{Seat, Seats};
pub(crate) use self::upgrade::upgrade;
