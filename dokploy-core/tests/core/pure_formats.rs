//! What was once written down can be read for ever. A file here is never changed, only added.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dokploy_core::deployment::{DeploymentState, Event, EventKind, StepOutput};
use dokploy_core::model::{ApplicationSpec, Credential, DeploymentRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The files of one format, with their names.
fn files(format: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(format);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        (name, serde_json::from_str(&text).unwrap())
    };
    paths.into_iter().map(read).collect()
}

/// Whether everything that was written is still there, with the same value. New fields may have been added.
fn is_kept(written: &Value, read: &Value) -> bool {
    match (written, read) {
        (Value::Object(written), Value::Object(read)) => written
            .iter()
            .all(|(key, value)| read.get(key).is_some_and(|read| is_kept(value, read))),
        (Value::Array(written), Value::Array(read)) => {
            written.len() == read.len() && written.iter().zip(read).all(|(w, r)| is_kept(w, r))
        }
        (written, read) => written == read,
    }
}

fn load<T: DeserializeOwned + Serialize>(name: &str, written: &Value) -> T {
    let value: T = serde_json::from_value(written.clone())
        .unwrap_or_else(|error| panic!("{name} can no longer be read: {error}"));
    let read = serde_json::to_value(&value).unwrap();
    assert!(is_kept(written, &read), "{name} lost something: {read:#}");
    value
}

#[test]
fn every_kind_of_event_of_version_1_can_be_read() {
    let mut kinds = BTreeSet::new();
    let mut outputs = BTreeSet::new();
    for (name, written) in files("events/v1") {
        let event: Event = load(&name, &written);
        let mut parts = name.split('.');
        assert_eq!(parts.next(), Some(event.kind.name()), "{name}");
        if let EventKind::StepFinished { output, .. } = &event.kind {
            let output = output_name(output);
            assert_eq!(parts.next(), Some(output), "{name}");
            outputs.insert(output);
        }
        kinds.insert(event.kind.name());
    }
    assert_eq!(
        kinds.len(),
        17,
        "a file for each kind of event is missing: {kinds:?}"
    );
    assert_eq!(
        outputs.len(),
        7,
        "a file for each output is missing: {outputs:?}"
    );
}

/// Without a wildcard, so that a new output does not compile before it is counted above.
fn output_name(output: &StepOutput) -> &'static str {
    match output {
        StepOutput::Skipped { .. } => "skipped",
        StepOutput::Done => "done",
        StepOutput::Resolved { .. } => "resolved",
        StepOutput::Built { .. } => "built",
        StepOutput::Pinned { .. } => "pinned",
        StepOutput::Applied { .. } => "applied",
        StepOutput::Restored { .. } => "restored",
    }
}

#[test]
fn states_of_version_1_can_be_read() {
    for (name, written) in files("state/v1") {
        load::<DeploymentState>(&name, &written);
    }
}

#[test]
fn specifications_of_version_1_can_be_read_and_are_valid() {
    for (name, written) in files("application_spec/v1") {
        let spec: ApplicationSpec = load(&name, &written);
        spec.validate()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn a_misspelt_field_is_an_error_and_not_ignored() {
    let spec = serde_json::from_str::<ApplicationSpec>(r#"{"name":"web","replica":2}"#);
    assert!(
        spec.unwrap_err()
            .to_string()
            .contains("unknown field `replica`")
    );
    let request = serde_json::from_str::<DeploymentRequest>(r#"{"branchName":"main"}"#);
    assert!(request.is_err());
}

#[test]
fn a_new_secret_cannot_be_written_and_a_sealed_one_can() {
    let spec = r#"{"name":"web","image":"a","envVars":[{"key":"A","value":VALUE}]}"#;
    let new: ApplicationSpec =
        serde_json::from_str(&spec.replace("VALUE", r#"{"secret":"hunter2"}"#)).unwrap();
    let error = serde_json::to_string(&new).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let sealed: ApplicationSpec =
        serde_json::from_str(&spec.replace("VALUE", r#"{"keyId":"k","sealed":"AA=="}"#)).unwrap();
    assert!(serde_json::to_string(&sealed).unwrap().contains("AA=="));
}

#[test]
fn a_credential_never_shows_its_sealed_part() {
    let credential: Credential = serde_json::from_str(
        r#"{"id":"019a0000-0000-7000-8000-000000000001","kind":"git","name":"github",
            "host":"github.com","sealed":{"keyId":"k","sealed":"c2VhbGVk"},
            "createdAt":"2026-01-01T00:00:00Z"}"#,
    )
    .unwrap();
    assert!(
        !serde_json::to_string(&credential)
            .unwrap()
            .contains("c2VhbGVk")
    );
}
