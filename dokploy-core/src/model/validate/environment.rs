//! Rules of variables and secrets.

use std::collections::BTreeSet;

use super::Rules;
use super::syntax::is_variable;
use crate::model::limits::{ENTRIES_MAX, ENV_BYTES_MAX, KEY_LEN_MAX, VALUE_LEN_MAX};
use crate::model::{ApplicationSpec, EnvDelivery, EnvValue};

/// Bytes that a seal adds to a value: its nonce and its tag.
const SEAL_LEN: usize = 12 + 16;

pub(super) fn check(spec: &ApplicationSpec, rules: &mut Rules) {
    rules.count("envVars", spec.env_vars.len());
    let mut keys = BTreeSet::new();
    for (index, variable) in spec.env_vars.iter().enumerate().take(ENTRIES_MAX) {
        let key = &variable.key;
        let field = format!("envVars[{index}].key");
        let is_name = is_variable(key) && key.len() <= KEY_LEN_MAX;
        let expected = "is not letters, digits and underscores, not starting with a digit";
        rules.require(is_name, &field, expected);
        rules.require(keys.insert(key), &field, "is there twice");
        let field = format!("envVars[{index}].value");
        check_value(&field, &variable.value, rules);
        let is_empty_file =
            variable.delivery == EnvDelivery::File && value_len(&variable.value) == 0;
        rules.require(
            !is_empty_file,
            field,
            "is empty: a secret file holds at least one byte",
        );
    }
    let total: usize = spec
        .env_vars
        .iter()
        .map(|variable| variable.key.len() + value_len(&variable.value))
        .sum();
    let expected = "have more than 512 KiB together: put large values into a volume or the image";
    rules.require(total <= ENV_BYTES_MAX, "envVars", expected);
}

pub(super) fn check_value(field: &str, value: &EnvValue, rules: &mut Rules) {
    rules.require(
        value_len(value) <= VALUE_LEN_MAX,
        field,
        "is longer than 64 KiB",
    );
    let text = match value {
        EnvValue::Plain(text) => text,
        EnvValue::Secret { secret } => secret.expose(),
        EnvValue::Sealed(_) => return,
    };
    rules.require(!text.contains('\0'), field, "holds a zero byte");
}

/// Bytes of a value; of a sealed one, as its length tells.
fn value_len(value: &EnvValue) -> usize {
    match value {
        EnvValue::Plain(text) => text.len(),
        EnvValue::Secret { secret } => secret.expose().len(),
        EnvValue::Sealed(sealed) => {
            let digits = sealed.sealed.trim_end_matches('=').len();
            (digits * 3 / 4).saturating_sub(SEAL_LEN)
        }
    }
}
