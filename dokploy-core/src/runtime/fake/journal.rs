//! What a fake runtime has done, in order.

use super::super::OwnedKind;

/// Something that changed the fake swarm. Calls that found everything "already so" leave no entry.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FakeEffect {
    /// A swarm was made.
    SwarmMade,
    /// A build began.
    BuildStarted {
        /// Name of the image.
        image: String,
    },
    /// An image was built.
    ImageBuilt {
        /// Name of the image.
        image: String,
    },
    /// An image was fetched.
    ImagePulled {
        /// Name of the image.
        image: String,
    },
    /// An image was pushed.
    ImagePushed {
        /// Name of the image.
        image: String,
    },
    /// A service was created.
    ServiceCreated {
        /// Name.
        name: String,
    },
    /// A service was updated.
    ServiceUpdated {
        /// Name.
        name: String,
    },
    /// A service was scaled.
    ServiceScaled {
        /// Name.
        name: String,
        /// Number of tasks.
        replicas: u32,
    },
    /// A restart of a service was ordered.
    ServiceRestarted {
        /// Name.
        name: String,
    },
    /// A service was removed.
    ServiceRemoved {
        /// Name.
        name: String,
    },
    /// A one-off task was started.
    TaskStarted {
        /// Name.
        name: String,
    },
    /// A one-off task was stopped before its end.
    TaskStopped {
        /// Name.
        name: String,
    },
    /// What a one-off task left was removed.
    TaskRemoved {
        /// Name.
        name: String,
    },
    /// A network was created.
    NetworkCreated {
        /// Name.
        name: String,
    },
    /// A volume was created.
    VolumeCreated {
        /// Name.
        name: String,
    },
    /// A secret was created.
    SecretCreated {
        /// Name.
        name: String,
    },
    /// An object was removed by clean-up.
    Removed {
        /// What it was.
        kind: OwnedKind,
        /// Its name.
        name: String,
    },
}
