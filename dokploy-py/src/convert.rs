//! What crosses the border: shapes as JSON, ids as text.

use dokploy_core::error::{Error, ErrorKind, Result, read_input};
use dokploy_core::model::{Page, PageRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::call::Reply;

/// A shape as JSON.
pub(crate) fn text(shape: &impl Serialize) -> Result<String> {
    serde_json::to_string(shape).map_err(|error| {
        Error::new(ErrorKind::Unexpected, "an answer cannot be written as JSON").with_source(error)
    })
}

/// A shape as an answer.
pub(crate) fn reply(shape: &impl Serialize) -> Result<Reply> {
    text(shape).map(Reply::Text)
}

/// A shape, or nothing, as an answer.
pub(crate) fn found(shape: Option<impl Serialize>) -> Result<Reply> {
    shape.map_or(Ok(Reply::Nothing), |shape| reply(&shape))
}

/// One part of a list as an answer.
pub(crate) fn page<T: Serialize>(page: &Page<T>) -> Result<Reply> {
    reply(&json!({"items": page.items, "next": page.next}))
}

/// Reads what a caller has written. `what` names it in the error.
pub(crate) fn shape<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    read_input(what, text)
}

/// A name of an enumeration, as in `success`.
pub(crate) fn word<T: DeserializeOwned>(what: &str, name: String) -> Result<T> {
    serde_json::from_value(name.into())
        .map_err(|error| Error::invalid_field(what, error.to_string()))
}

/// A name of an enumeration that may be absent.
pub(crate) fn name<T: DeserializeOwned>(what: &str, name: Option<String>) -> Result<Option<T>> {
    name.map(|name| word(what, name)).transpose()
}

/// What may be kept as it is: nothing keeps it, and null takes it away.
pub(crate) fn kept<T: DeserializeOwned>(what: &str, text: Option<String>) -> Result<Option<T>> {
    text.map(|text| shape(what, &text)).transpose()
}

/// An id that may be absent.
pub(crate) fn id<T: std::str::FromStr<Err = Error>>(text: Option<String>) -> Result<Option<T>> {
    text.map(|text| text.parse()).transpose()
}

/// Which part of a list.
pub(crate) fn page_request(limit: u32, before: Option<&str>) -> Result<PageRequest> {
    let before = before
        .map(|before| serde_json::from_value(before.into()))
        .transpose()
        .map_err(|error| {
            Error::invalid_field("before", "is not the `next` of a page").with_source(error)
        })?;
    Ok(PageRequest { limit, before })
}
