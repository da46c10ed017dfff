//! Names of what is cached, in one place: whoever changes a thing knows what it invalidates.

use crate::id::ApplicationId;

/// The generation of all lists of applications: its value is part of their names, so that forgetting it forgets them.
pub(crate) const APPLICATIONS: &str = "applications:generation";

/// One application.
pub(crate) fn application(id: ApplicationId) -> String {
    format!("application:{id}")
}

/// What runs of an application.
pub(crate) fn service(name: &str) -> String {
    format!("service:{name}")
}
