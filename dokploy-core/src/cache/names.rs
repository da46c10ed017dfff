//! Names of what is cached, in one place: whoever changes a thing knows what it invalidates.
//!
//! Under each name there is a random text, the generation, which is part of the names of the values. Forgetting it
//! forgets all of them, also those that are just being read and kept later.

use crate::id::ApplicationId;

/// All lists of applications.
pub(crate) const APPLICATIONS: &str = "applications";

/// One application.
pub(crate) fn application(id: ApplicationId) -> String {
    format!("application:{id}")
}

/// What runs of an application.
pub(crate) fn service(name: &str) -> String {
    format!("service:{name}")
}
