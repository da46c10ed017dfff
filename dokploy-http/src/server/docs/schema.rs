//! Schemas in words: the type of a value, and the fields of an object.

use serde_json::{Map, Value};

use super::{escape, prose};

/// The type of a value, with a link where it has a name.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
    {
        let name = escape(name);
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words
            .iter()
            .map(|word| format!("<code>{}</code>", escape(&word.to_string())))
            .collect();
        return words.join(" | ");
    }
    for either in ["oneOf", "anyOf", "allOf"] {
        if let Some(schemas) = schema[either].as_array() {
            let kinds: Vec<_> = schemas.iter().map(kind).collect();
            return kinds.join(if either == "allOf" { " &amp; " } else { " | " });
        }
    }
    match &schema["type"] {
        Value::String(name) => simple(name, schema),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str);
            let kinds: Vec<_> = names.map(|name| simple(name, schema)).collect();
            kinds.join(" | ")
        }
        _ => "any".to_owned(),
    }
}

fn simple(name: &str, schema: &Value) -> String {
    let more = &schema["additionalProperties"];
    match name {
        "array" => format!("[{}]", kind(&schema["items"])),
        "object" if more.is_object() => format!("{{text: {}}}", kind(more)),
        "object" if schema["properties"].is_object() => {
            let names = schema["properties"].as_object().into_iter().flatten();
            let names: Vec<_> = names.map(|(name, _)| escape(name)).collect();
            format!("{{{}}}", names.join(", "))
        }
        "string" => match schema["format"].as_str() {
            Some(format) => escape(format),
            None => "text".to_owned(),
        },
        other => escape(other),
    }
}

/// The fields of an object, one a row.
pub(super) fn fields(schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object() else {
        return format!("<p>{}</p>", kind(schema));
    };
    let required = schema["required"].as_array();
    let is_required = |name: &str| {
        required.is_some_and(|names| names.iter().any(|one| one.as_str() == Some(name)))
    };
    rows(properties, is_required)
}

fn rows(properties: &Map<String, Value>, is_required: impl Fn(&str) -> bool) -> String {
    let mut html = String::from("<table><tbody>");
    for (name, schema) in properties {
        html.push_str(&row(name, schema, is_required(name)));
    }
    html.push_str("</tbody></table>");
    html
}

/// One field or parameter.
pub(super) fn row(name: &str, schema: &Value, required: bool) -> String {
    let mark = if required { "" } else { " <i>optional</i>" };
    let text = schema["description"]
        .as_str()
        .map(prose)
        .unwrap_or_default();
    format!(
        "<tr><th><code>{}</code>{mark}</th><td>{}</td><td>{text}</td></tr>",
        escape(name),
        kind(schema),
    )
}
