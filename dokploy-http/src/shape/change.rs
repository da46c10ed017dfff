//! Fields of a change: one that is left out stays, null takes the value away.

use serde::{Deserialize, Deserializer};

/// Reads a field that was given, null included; a missing one is never read.
pub(super) fn given<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
