//! Every limit of what a person may say, in one place.

use std::time::Duration;

/// Characters of the name of a project or an application.
pub const NAME_LEN_MAX: usize = 40;
/// Characters of the name of a service: one DNS label.
pub const SERVICE_NAME_LEN_MAX: usize = 63;
/// Bytes of a project's description.
pub const DESCRIPTION_LEN_MAX: usize = 4096;
/// Bytes of a deployment's title.
pub const TITLE_LEN_MAX: usize = 200;
/// Bytes of the name that somebody comes in with.
pub const USERNAME_LEN_MAX: usize = 64;
/// Bytes of an e-mail address.
pub const EMAIL_LEN_MAX: usize = 254;
/// Characters of the name of a team or a token.
pub const LABEL_LEN_MAX: usize = 100;
/// Entries of any list or map.
pub const ENTRIES_MAX: usize = 500;
/// Tasks of a service.
pub const REPLICAS_MAX: u32 = 1000;

/// Bytes of a git URL.
pub const URL_LEN_MAX: usize = 2048;
/// Bytes of a reference name.
pub const REFERENCE_LEN_MAX: usize = 255;
/// Bytes of an image name, without tag and digest.
pub const IMAGE_NAME_LEN_MAX: usize = 255;
/// Bytes of a path in the source or in a container.
pub const PATH_LEN_MAX: usize = 1024;

/// Bytes of the name of a variable, a build argument or a build secret.
pub const KEY_LEN_MAX: usize = 256;
/// Bytes of the value of a variable, a build argument or a build secret.
pub const VALUE_LEN_MAX: usize = 64 * 1024;
/// Bytes of all variables together: Swarm keeps a service in one message of its log.
pub const ENV_BYTES_MAX: usize = 512 * 1024;
/// Bytes of one word of a command.
pub const WORD_LEN_MAX: usize = 64 * 1024;
/// Bytes of the name of a label, a volume, a network, a build stage or a certificate resolver.
pub const OBJECT_NAME_LEN_MAX: usize = 128;
/// Bytes of the value of a label.
pub const LABEL_VALUE_LEN_MAX: usize = 16 * 1024;
/// Bytes of a placement constraint.
pub const CONSTRAINT_LEN_MAX: usize = 256;
/// Bytes of a host name.
pub const HOST_LEN_MAX: usize = 253;

/// Least memory of a container in MiB: the engine refuses less.
pub const MEMORY_MIB_MIN: u64 = 6;
/// Most memory in MiB: one PiB.
pub const MEMORY_MIB_MAX: u64 = 1 << 30;
/// Least share of a core.
pub const CPU_MIN: f64 = 0.01;
/// Most cores.
pub const CPU_MAX: f64 = 10_000.0;

/// Failures in a row of a health check.
pub const HEALTH_RETRIES_MAX: u32 = 100;
/// Shortest interval, timeout or deadline.
pub const TIME_MIN: Duration = Duration::from_millis(100);
/// Longest interval, timeout, pause or grace.
pub const PAUSE_MAX: Duration = Duration::from_hours(1);
/// Longest deadline.
pub const DEADLINE_MAX: Duration = Duration::from_hours(24);
