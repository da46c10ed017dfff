//! Schemas of objects that hold the fields of two shapes.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, Schema};

/// The fields of both. What refuses unknown fields keeps doing so only when both do.
pub(super) fn joined(first: RefOr<Schema>, second: RefOr<Schema>) -> RefOr<Schema> {
    let (RefOr::T(Schema::Object(mut whole)), RefOr::T(Schema::Object(part))) = (first, second)
    else {
        unreachable!("only structs are joined");
    };
    whole.properties.extend(part.properties);
    whole.required.extend(part.required);
    let closed = |of: &Option<Box<AdditionalProperties<Schema>>>| of.is_some();
    if !(closed(&whole.additional_properties) && closed(&part.additional_properties)) {
        whole.additional_properties = None;
    }
    RefOr::T(Schema::Object(whole))
}
