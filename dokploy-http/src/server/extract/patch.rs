//! Changes of a resource as a JSON merge patch, RFC 7396: what is given is changed, null takes a value away.

use std::marker::PhantomData;

use axum::extract::{FromRequest, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::body::{Body, convert};
use crate::server::problem::Problem;

/// Changes of a `T`.
#[derive(Clone, Debug)]
pub struct Patch<T> {
    changes: Map<String, Value>,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Patch<T> {
    /// The resource with the changes.
    ///
    /// # Errors
    ///
    /// 422 with the field for a value that does not fit or a field that is not known.
    pub fn apply(self, to: &T) -> Result<T, Problem> {
        let mut value = serde_json::to_value(to).map_err(|error| {
            dokploy_core::Error::new(
                dokploy_core::ErrorKind::Unexpected,
                "what is stored cannot be written as JSON",
            )
            .with_source(error)
        })?;
        merge(&mut value, Value::Object(self.changes));
        convert(value)
    }
}

fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(target) = target.as_object_mut() else {
        return;
    };
    for (name, change) in patch {
        if change.is_null() {
            target.remove(&name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), change);
        }
    }
}

impl<S: Send + Sync, T> FromRequest<S> for Patch<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Body(changes) = Body::from_request(request, state).await?;
        Ok(Self {
            changes,
            of: PhantomData,
        })
    }
}

/// Every field of the resource, none required, each possibly null.
impl<T: PartialSchema> PartialSchema for Patch<T> {
    fn schema() -> RefOr<Schema> {
        let RefOr::T(Schema::Object(whole)) = T::schema() else {
            return RefOr::T(Schema::Object(ObjectBuilder::new().build()));
        };
        let mut part = ObjectBuilder::new()
            .description(Some(
                "What is given is changed; null takes a value away, or back to its default.",
            ))
            .additional_properties(Some(AdditionalProperties::FreeForm(false)));
        for (name, schema) in whole.properties {
            let null = ObjectBuilder::new().schema_type(SchemaType::new(Type::Null));
            let either = AnyOfBuilder::new().item(null).item(schema);
            part = part.property(name, either);
        }
        RefOr::T(Schema::Object(part.build()))
    }
}

impl<T: ToSchema> ToSchema for Patch<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("{}Patch", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Thing {
        name: String,
        #[serde(default)]
        note: Option<String>,
        #[serde(default)]
        labels: std::collections::BTreeMap<String, String>,
    }

    fn patched(changes: Value) -> Result<Thing, Problem> {
        let thing = Thing {
            name: "a".to_owned(),
            note: Some("b".to_owned()),
            labels: [("x".to_owned(), "1".to_owned())].into(),
        };
        let Value::Object(changes) = changes else {
            unreachable!("the cases are objects")
        };
        Patch {
            changes,
            of: PhantomData,
        }
        .apply(&thing)
    }

    #[test]
    fn what_is_given_changes_and_null_takes_away() {
        let thing = patched(json!({"note": null, "labels": {"y": "2", "x": null}})).unwrap();
        assert_eq!(thing.name, "a");
        assert_eq!(thing.note, None);
        assert_eq!(thing.labels, [("y".to_owned(), "2".to_owned())].into());
    }

    #[test]
    fn a_field_that_is_not_known_or_does_not_fit_is_named() {
        for (changes, field) in [
            (json!({"extra": 1}), "extra"),
            (json!({"name": 7}), "name"),
            (json!({"name": null}), "name"),
        ] {
            let problem = patched(changes).unwrap_err();
            assert_eq!(problem.status().as_u16(), 422);
            assert!(
                format!("{problem:?}").contains(&format!("field: {field:?}")),
                "{problem:?}"
            );
        }
    }
}
