//! Keyset pagination: newest first, stable while rows are added, flat in cost at any depth.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// At most so many items: 1 to 200.
    pub limit: u32,
    /// Items older than this id, which is the `next` of the page before.
    pub before: Option<Uuid>,
}

impl PageRequest {
    /// Most items of one page.
    pub const LIMIT_MAX: u32 = 200;

    /// The first page with the default of 50 items.
    pub const fn first() -> Self {
        Self {
            limit: 50,
            before: None,
        }
    }

    /// The limit brought into its bounds.
    pub fn bounded_limit(self) -> u32 {
        self.limit.clamp(1, Self::LIMIT_MAX)
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self::first()
    }
}

/// One part of a list, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page starts; absent on the last one.
    pub next: Option<Uuid>,
}
