//! Identifiers. Only this file makes them, so that nothing else depends on randomness.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, Result};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = Uuid))]
        pub struct $name(Uuid);

        impl $name {
                    /// Makes a new one. `UUIDv7`: ids sort by the time at which they were made.
            #[expect(clippy::new_without_default, reason = "a default identifier would be a surprise")]
            #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// Wraps an existing value, as read from a database.
            pub const fn from_uuid(value: Uuid) -> Self {
                Self(value)
            }

            /// The bare value, as written to a database.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                Uuid::parse_str(text).map(Self).map_err(|error| {
                    Error::invalid_field("id", concat!("is not the id of a ", $what, ": a UUID is expected"))
                        .with_source(error)
                })
            }
        }
    };
}

id!(
    /// Identifies a project.
    ProjectId,
    "project"
);
id!(
    /// Identifies an application.
    ApplicationId,
    "application"
);
id!(
    /// Identifies a deployment. Later deployments have greater ids.
    DeploymentId,
    "deployment"
);
id!(
    /// Identifies a release.
    ReleaseId,
    "release"
);
id!(
    /// Identifies a stored git or registry credential.
    CredentialId,
    "credential"
);
id!(
    /// Identifies a user.
    UserId,
    "user"
);
id!(
    /// Identifies a team.
    TeamId,
    "team"
);
id!(
    /// Identifies a session of a user who signed in.
    SessionId,
    "session"
);
id!(
    /// Identifies an API token.
    TokenId,
    "token"
);
id!(
    /// Identifies a database.
    DatabaseId,
    "database"
);
id!(
    /// Identifies one running engine, in leases and in events.
    WorkerId,
    "worker"
);
id!(
    /// Identifies a request of a front end, in its log and in the audit log.
    RequestId,
    "request"
);
id!(
    /// Identifies one process on a bus, so that it knows its own signals.
    ProcessId,
    "process"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let ids: Vec<_> = (0..100).map(|_| DeploymentId::new()).collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn a_malformed_id_names_what_was_expected() {
        let error = "../etc".parse::<ProjectId>().unwrap_err();
        assert!(
            error.message().contains("is not the id of a project"),
            "{error}"
        );
    }
}
