//! Who may do what: actors, the table of permissions, passwords, sessions, tokens, and the trail of what was done.
//!
//! Everything here decides and nothing here acts: [`ControlPlane`](crate::control::ControlPlane) asks before it calls
//! the engine.

mod action;
mod actor;
mod api_token;
mod argon;
mod password;
mod permission;
mod session_token;
mod throttle;

pub use self::action::{Action, Place, Rule};
pub use self::actor::{Actor, Identity};
pub(crate) use self::api_token::{digest as token_digest, generate as generate_token};
pub(crate) use self::password::{Passwords, Verdict, check as check_password};
pub(crate) use self::permission::can_somewhere;
pub use self::permission::{can, can_in};
pub(crate) use self::session_token::{SessionTokens, is_session_token};
pub(crate) use self::throttle::LoginThrottle;
