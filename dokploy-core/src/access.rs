//! Who may do what: actors, the table of permissions, passwords, sessions, tokens, and the trail of what was done.
//!
//! Everything here decides and nothing here acts: [`ControlPlane`](crate::control::ControlPlane) asks before it calls
//! the engine.

mod action;
mod actor;
mod api_token;
mod password;
mod permission;
mod session_token;
mod throttle;

pub use self::action::{Action, Place, Rule};
pub use self::actor::{Actor, Identity};
pub use self::api_token::{digest as token_digest, generate as generate_token};
pub use self::password::{Passwords, Verdict};
pub use self::permission::{can, can_in};
pub use self::session_token::SessionTokens;
pub use self::throttle::LoginThrottle;
