//! The few types that are stored, and how the types of the model become them. Both databases agree on all of these.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{
    ApplicationId, CredentialId, DatabaseId, DeploymentId, ProjectId, ReleaseId, SessionId, TeamId,
    TokenId, UserId, WorkerId,
};

/// A value on its way to or from a database. An absent one keeps its type, which PostgreSQL asks for.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Uuid(Option<Uuid>),
    Text(Option<String>),
    Integer(Option<i64>),
    Boolean(bool),
}

/// A row, read from left to right in the order of the statement's columns.
#[derive(Debug)]
pub(super) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// The next column.
    pub(super) fn take<T: Stored>(&mut self) -> Result<T> {
        let value = self.0.next().unwrap_or(Value::Text(None));
        T::from_value(value).ok_or_else(|| unreadable(std::any::type_name::<T>()))
    }

    /// The next column, which holds JSON.
    pub(super) fn take_json<T: DeserializeOwned>(&mut self) -> Result<T> {
        self.take_optional_json()?
            .ok_or_else(|| unreadable(std::any::type_name::<T>()))
    }

    /// The next column, which holds JSON or nothing.
    pub(super) fn take_optional_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let text: Option<String> = self.take()?;
        text.map(|text| {
            serde_json::from_str(&text)
                .map_err(|error| unreadable(std::any::type_name::<T>()).with_source(error))
        })
        .transpose()
    }

    /// The next column, which holds the wire name of an enum.
    pub(super) fn take_name<T: DeserializeOwned>(&mut self) -> Result<T> {
        let name: String = self.take()?;
        serde_json::from_value(name.into())
            .map_err(|error| unreadable(std::any::type_name::<T>()).with_source(error))
    }
}

fn unreadable(what: &str) -> Error {
    Error::new(
        ErrorKind::Unexpected,
        format!("a stored value cannot be read as {what}"),
    )
    .with_hint("the database may have been changed by hand, or by a newer version of this program")
}

/// JSON text of a nested value. A secret that was not sealed refuses to become one.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| {
        Error::new(
            ErrorKind::Unexpected,
            format!("a {} cannot be stored", std::any::type_name::<T>()),
        )
        .with_source(error)
    })
}

/// JSON text of a nested value that may be absent.
pub(super) fn optional_json<T: Serialize>(value: Option<&T>) -> Result<Value> {
    Ok(Value::Text(value.map(json).transpose()?))
}

/// The wire name of an enum.
pub(super) fn name<T: Serialize>(value: &T) -> Result<String> {
    Ok(json(value)?.trim_matches('"').to_owned())
}

/// Microseconds.
pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// A type that a column can hold.
pub(super) trait Stored: Sized {
    fn from_value(value: Value) -> Option<Self>;
}

impl Stored for i64 {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Integer(value) => value,
            _ => None,
        }
    }
}

impl Stored for bool {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Boolean(value) => Some(value),
            Value::Integer(value) => Some(value? != 0),
            _ => None,
        }
    }
}

impl Stored for String {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Text(value) => value,
            _ => None,
        }
    }
}

impl Stored for u64 {
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl Stored for u32 {
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl Stored for u16 {
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl Stored for Timestamp {
    fn from_value(value: Value) -> Option<Self> {
        Self::from_unix_micros(i64::from_value(value)?).ok()
    }
}

impl<T: Stored> Stored for Option<T> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Uuid(None) | Value::Text(None) | Value::Integer(None) => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

macro_rules! stored_ids {
    ($($id:ident),+) => {$(
        impl Stored for $id {
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::Uuid(value) => value.map(Self::from_uuid),
                    _ => None,
                }
            }
        }

        impl From<$id> for Value {
            fn from(id: $id) -> Self {
                Self::Uuid(Some(id.as_uuid()))
            }
        }

        impl From<Option<$id>> for Value {
            fn from(id: Option<$id>) -> Self {
                Self::Uuid(id.map($id::as_uuid))
            }
        }
    )+};
}

stored_ids!(
    ApplicationId,
    CredentialId,
    DatabaseId,
    DeploymentId,
    ProjectId,
    ReleaseId,
    SessionId,
    TeamId,
    TokenId,
    UserId,
    WorkerId
);

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Uuid(Some(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(str::to_owned))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(Some(value))
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Integer(Some(i64::try_from(value).unwrap_or(i64::MAX)))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Integer(Some(value.into()))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Integer(Some(value.unix_micros()))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(value: Option<Timestamp>) -> Self {
        Self::Integer(value.map(Timestamp::unix_micros))
    }
}
