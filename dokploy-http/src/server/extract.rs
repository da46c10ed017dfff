//! What handlers take out of a request. Each mistake of a client becomes a problem that names the field.

mod body;
mod caller;
mod idempotency;
mod patch;
mod path;
mod query;
mod version;

pub(crate) use self::body::convert;
pub use self::body::{Body, OptionalBody};
pub use self::caller::{Caller, Visitor};
pub use self::idempotency::{IdempotencyKey, Key};
pub use self::patch::Patch;
pub use self::path::{PathId, PathIds};
pub use self::query::{Params, page};
pub use self::version::{IfMatch, Versioned};
