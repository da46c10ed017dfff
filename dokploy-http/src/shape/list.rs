//! Lists, a part at a time.

use dokploy_core::model::Page;
use serde::Serialize;
use utoipa::ToSchema;

/// One part of a list, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = List)]
#[serde(rename_all = "camelCase")]
pub struct ListShape<T> {
    /// The items.
    pub items: Vec<T>,
    /// What `cursor` has to be for the next part; null on the last one.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

impl<T> ListShape<T> {
    /// Makes it of what the store returned.
    pub fn of<S>(page: Page<S>, shape: impl FnMut(S) -> T) -> Self {
        Self {
            items: page.items.into_iter().map(shape).collect(),
            next_cursor: page.next.map(|next| next.to_string()),
        }
    }

    /// A list that is always complete.
    pub fn complete(items: Vec<T>) -> Self {
        Self {
            items,
            next_cursor: None,
        }
    }
}
