//! What every front end with users calls: each method knows on whose behalf, checks, records and tells.
//!
//! Data flows one way. A front end authenticates a request and gets an [`Actor`]; a method of [`ControlPlane`] looks
//! what the actor reaches, asks [`can_in`](crate::access::can_in), calls the engine or the store within an audited
//! change, and forgets what was cached. Nothing here decides how a deployment goes.

mod applications;
mod archives;
mod audit;
mod audited;
mod auth;
mod bearer;
mod bulk;
mod cached;
mod credentials;
mod databases;
mod deliveries;
mod deployments;
mod environment;
mod external;

mod idempotent;
mod live;
mod metrics;
mod progress;
mod projects;
mod purge;
mod reach;
mod releases;
mod rendered;
mod services;
mod sources;
mod teams;
mod tokens;
mod users;
mod webhooks;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::applications::ApplicationView;
pub use self::archives::UploadedArchive;
pub use self::audit::{AuditPage, Verification};
pub use self::auth::SignedIn;
pub use self::bulk::{BulkAction, BulkResult};
pub use self::databases::DatabaseView;
pub use self::environment::{Environment, EnvironmentVariable, ValueInput, VariableInput};
pub use self::external::ExternalProfile;
pub use self::idempotent::StoredAnswer;
pub use self::live::Subject;
pub use self::metrics::{Summary, SystemStatus};
pub use self::progress::Progress;
pub use self::projects::{NewProject, ProjectChange};
use self::rendered::RenderedLists;
pub use self::services::{ServiceLogRequest, ServiceSummary};
pub use self::tokens::{CreatedToken, NewToken};
pub use self::users::{NewUser, UserChange};
use crate::access::{LoginThrottle, Passwords, SessionTokens};
use crate::clock::Timestamp;
use crate::engine::Engine;
use crate::monitor::Monitor;
use crate::store::Store;

#[cfg(doc)]
use crate::access::Actor;

/// Who may make an account for himself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// Only the first one, who becomes the owner.
    #[default]
    First,
    /// Everybody; all but the first become viewers who see nothing until somebody lets them.
    Open,
    /// Nobody.
    Closed,
}

/// What an installation allows.
#[derive(Clone, Debug)]
pub struct ControlOptions {
    /// Who may make an account for himself.
    pub registration: Registration,
    /// How long a session lasts.
    pub session_lifetime: Duration,
    /// Most bytes of an uploaded archive.
    pub archive_bytes_max: u64,
    /// How many uploaded archives of an application are kept.
    pub archives_kept: usize,
    /// How often the right to an open stream is looked at when no signal says that it changed.
    pub recheck_interval: Duration,
    /// Looks at what applications use; unset: as far as the engine's own containers are concerned.
    pub monitor: Option<Monitor>,
}

impl Default for ControlOptions {
    fn default() -> Self {
        Self {
            registration: Registration::First,
            session_lifetime: Duration::from_hours(7 * 24),
            archive_bytes_max: 256 * 1024 * 1024,
            archives_kept: 3,
            recheck_interval: Duration::from_secs(5),
            monitor: None,
        }
    }
}

/// The engine with its rules of access. Cloning it is cheap and gives the same one.
///
/// Every method takes the [`Actor`] on whose behalf it is called.
///
/// # Errors
///
/// Besides its own errors each method answers
/// - `unauthenticated` to nobody,
/// - `not_found` for what the actor does not reach, exactly as for what does not exist,
/// - `permission_denied` for what he reaches and may not do, which the audit trail records.
#[derive(Clone)]
pub struct ControlPlane {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    options: ControlOptions,
    passwords: Passwords,
    throttle: LoginThrottle,
    monitor: Monitor,
    rendered: RenderedLists,
}

impl ControlPlane {
    /// Puts the rules of access in front of an engine.
    pub fn new(engine: Engine, options: ControlOptions) -> Self {
        let throttle = LoginThrottle::new(Arc::clone(engine.cache()));
        let monitor = options.monitor.clone();
        let control = Self {
            inner: Arc::new(Inner {
                options,
                passwords: Passwords::new(),
                throttle,
                rendered: RenderedLists::default(),
                monitor: monitor.unwrap_or_else(|| engine.monitor()),
                engine,
            }),
        };
        control.keep_purged();
        control
    }

    /// The engine behind it, to which no rule applies.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    fn store(&self) -> &dyn Store {
        self.inner.engine.store().as_ref()
    }

    fn now(&self) -> Timestamp {
        self.inner.engine.clock().now()
    }

    fn session_tokens(&self) -> SessionTokens<'_> {
        SessionTokens(self.inner.engine.keyring())
    }
}

impl fmt::Debug for ControlPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlPlane")
            .field("engine", &self.inner.engine)
            .field("options", &self.inner.options)
            .finish_non_exhaustive()
    }
}
