//! Cuts lists into pages.

use uuid::Uuid;

use crate::model::{Page, PageRequest};

/// Makes a page of up to `limit + 1` items: the one too many says that there is a next page.
pub(super) fn cut<T>(mut items: Vec<T>, request: PageRequest, id: impl Fn(&T) -> Uuid) -> Page<T> {
    let limit = request.bounded_limit() as usize;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(id);
    Page { items, next }
}
