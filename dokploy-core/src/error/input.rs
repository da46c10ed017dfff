//! Input that a program hands over as JSON.

use serde::de::DeserializeOwned;

use super::{Error, ErrorKind, Result};

/// Reads what a program has written as JSON, for front ends in other languages. `what` names the whole of it.
///
/// # Errors
///
/// `invalid_spec` that names the field. What a field holds is not repeated: it may be a secret.
pub fn read_input<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let message = without_value(&error.inner().to_string());
        match (path.as_str(), what) {
            (".", "") => Error::new(ErrorKind::InvalidSpec, message),
            (".", what) => Error::invalid_field(what, message),
            (path, _) => Error::invalid_field(path, message),
        }
    })
}

/// `invalid type: string "…", expected f64 at line 1 column 9` without what was found and where, in words of no language.
fn without_value(message: &str) -> String {
    let message = message
        .rsplit_once(" at line ")
        .map_or(message, |(before, _)| before);
    match (message.split_once(": "), message.rsplit_once(", expected ")) {
        (Some((what, _)), Some((_, expected))) if what.starts_with("invalid ") => {
            let expected = match expected {
                "f64" => "a number",
                "i64" => "a whole number",
                "u16" | "u32" | "u64" | "usize" => "a whole number, zero or more",
                "a sequence" => "a list",
                "a map" => "an object",
                other if other.starts_with("struct ") => "an object",
                other => other,
            };
            format!("{what}, expected {expected}")
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ApplicationSpec;

    #[test]
    fn what_cannot_be_read_names_its_field_in_words_of_no_language_and_never_its_value() {
        let cases = [
            (
                r#"{"name": "web", "replicas": "hunter2"}"#,
                "replicas: invalid type, expected a whole number, zero or more",
            ),
            (
                r#"{"name": "web", "ports": [{"target": -1}]}"#,
                "ports[0].target: invalid value, expected a whole number, zero or more",
            ),
            (
                r#"{"name": "web", "ports": [80]}"#,
                "ports[0]: invalid type, expected an object",
            ),
            (
                r#"{"name": "web", "envVars": "hunter2"}"#,
                "envVars: invalid type, expected a list",
            ),
            (r#""hunter2""#, "spec: invalid type, expected an object"),
            ("{}", "spec: missing field `name`"),
        ];
        for (text, expected) in cases {
            let error = read_input::<ApplicationSpec>("spec", text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidSpec);
            assert_eq!(error.message(), expected);
        }
    }
}
