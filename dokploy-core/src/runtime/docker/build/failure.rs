//! Why a build failed, for the person who wrote the Dockerfile.

use super::super::error::TEMPORARY;
use super::progress::FailedStep;
use crate::error::{Error, ErrorKind, Retry};
use crate::runtime::BuildRequest;

/// A longer instruction is cut in a message; the log has it whole.
const INSTRUCTION_CHARS_MAX: usize = 200;

/// What the engine says when it ends itself, and the build with it.
const ENGINE_ENDS: &[&str] = &[
    "context canceled",
    "no active session",
    "transport is closing",
    "error reading from server",
];

/// What the engine puts before what happened.
const PREFIXES: &[&str] = &[
    "failed to solve with frontend dockerfile.v0: ",
    "failed to solve: ",
    "failed to create LLB definition: ",
    "failed to build LLB: ",
    "failed to compute cache key: ",
    "failed to calculate checksum of ref ",
    "rpc error: code = Unknown desc = ",
    "failed to read dockerfile: ",
    "failed to parse dockerfile: ",
];

/// A build that failed before or beside its steps.
pub(super) fn without_step(text: &str, build: &BuildRequest) -> Error {
    of_step(None, text, None, build)
}

/// A build that failed by a step.
pub(super) fn of_step(
    step: Option<&FailedStep>,
    text: &str,
    code: Option<i64>,
    build: &BuildRequest,
) -> Error {
    if step.is_none() && ENGINE_ENDS.iter().any(|word| text.contains(word)) {
        return of_engine(text);
    }
    let cause = clean(step.map_or(text, |step| &step.error));
    let instruction = step.and_then(|step| instruction(&step.name));
    let error = |message: String| Error::new(ErrorKind::BuildFailed, message);
    if is_missing_dockerfile(text, &build.dockerfile) {
        return error(format!("the context has no Dockerfile {}", build.dockerfile)).with_hint(
            "check the path of the Dockerfile, which is relative to the context, and that `.dockerignore` keeps it",
        );
    }
    let exit_code = code.or_else(|| exit_code(&cause)).filter(|code| *code != 0);
    match (instruction, exit_code) {
        (Some(instruction), Some(code)) => {
            error(format!("`{instruction}` failed with exit code {code}"))
                .with_hint(hint_for_code(code, build))
        }
        (instruction, _) => {
            let message = match &instruction {
                Some(instruction) => format!("`{instruction}` failed: {cause}"),
                None => format!("the build failed: {cause}"),
            };
            let failed = error(message).with_retry(retry(instruction.as_deref(), &cause));
            match hint_for_text(&cause) {
                Some(hint) => failed.with_hint(hint),
                None => failed,
            }
        }
    }
}

/// A build that ended because its engine did.
pub(super) fn of_engine(text: &str) -> Error {
    Error::new(ErrorKind::Unavailable, "the engine ended the build")
        .with_hint("see whether the engine was restarted")
        .with_source(std::io::Error::other(text.to_owned()))
}

/// A registry or a network that is away may be back soon; a program in a step says the same words and is the same
/// program again.
fn retry(instruction: Option<&str>, cause: &str) -> Retry {
    let cause = cause.to_lowercase();
    let is_step = instruction.is_some_and(|instruction| instruction.starts_with("RUN"));
    if !is_step && TEMPORARY.iter().any(|word| cause.contains(word)) {
        Retry::After(None)
    } else {
        Retry::Never
    }
}

fn clean(text: &str) -> String {
    let mut text = text.trim();
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        text = rest;
    }
    // `BuildKit` names the layer in which it looked, which means nothing to anybody.
    if let Some((reference, rest)) = text.split_once(": ")
        && reference.contains("::")
    {
        text = rest;
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `[build 2/3] RUN make` is the instruction `RUN make`.
fn instruction(name: &str) -> Option<String> {
    let name = match name
        .strip_prefix('[')
        .and_then(|name| name.split_once("] "))
    {
        Some(("internal", rest)) => {
            let image = rest.strip_prefix("load metadata for ")?;
            return Some(format!("FROM {image}"));
        }
        Some((_, rest)) => rest,
        None => name,
    };
    let mut cut: String = name.chars().take(INSTRUCTION_CHARS_MAX).collect();
    if cut.len() < name.len() {
        cut.push('…');
    }
    Some(cut)
}

/// `… exit code: 3`, or `… returned a non-zero code: 3`.
fn exit_code(cause: &str) -> Option<i64> {
    let (_, after) = cause
        .rsplit_once("exit code: ")
        .or_else(|| cause.rsplit_once("non-zero code: "))?;
    let digits = after.split(|char: char| !char.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn is_missing_dockerfile(text: &str, dockerfile: &str) -> bool {
    let is_missing = text.contains("no such file or directory")
        || text.contains("Cannot locate specified Dockerfile");
    let is_dockerfile = text.contains("failed to read dockerfile")
        || text.contains("Cannot locate specified Dockerfile")
        || text.contains(&format!("open {dockerfile}"));
    is_missing && is_dockerfile
}

fn hint_for_code(code: i64, build: &BuildRequest) -> &'static str {
    match code {
        126 => "the program is there but cannot be run: check its mode and its architecture",
        127 => "the program is not in the image of this step: install it, or check its path",
        137 if build.memory_limit.is_some() => {
            "the step was killed, usually because it needs more memory than the build's limit: raise the limit"
        }
        137 => "the step was killed, usually because the machine ran out of memory",
        _ => "read the last lines of this step in the build log",
    }
}

fn hint_for_text(cause: &str) -> Option<&'static str> {
    let cause = cause.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    if has(&[
        "pull access denied",
        "no basic auth credentials",
        "authorization failed",
        "unauthorized",
        "insufficient_scope",
    ]) {
        Some("check the name of the base image; a private one needs a credential for its registry")
    } else if has(&[
        "manifest unknown",
        "not found: manifest",
        "failed to resolve source metadata",
    ]) {
        Some("check the name and the tag of the base image")
    } else if has(&["server gave http response to https client"]) {
        Some(
            "the registry speaks no TLS: BuildKit reaches such a registry only as localhost, \
             unless the engine's `insecure-registries` names it and its version honours that for builds",
        )
    } else if has(&["no space left on device"]) {
        Some("free space on the engine's disk")
    } else if has(&["not found", "no such file", "no source files"]) {
        Some("check that the file is in the context, and that `.dockerignore` keeps it")
    } else if has(&["unknown instruction", "parse error", "syntax error"]) {
        Some("correct the Dockerfile")
    } else if has(&["target stage", "failed to reach build target"]) {
        Some("check the name of the target stage")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn build() -> BuildRequest {
        BuildRequest {
            image: "app:1".to_owned(),
            dockerfile: "Dockerfile".to_owned(),
            target: None,
            args: BTreeMap::new(),
            secrets: BTreeMap::new(),
            labels: BTreeMap::new(),
            memory_limit: None,
            nano_cpus: None,
            no_cache: false,
            credentials: Vec::new(),
        }
    }

    fn step(name: &str, error: &str) -> Error {
        let step = FailedStep {
            name: name.to_owned(),
            error: error.to_owned(),
        };
        of_step(Some(&step), error, None, &build())
    }

    #[test]
    fn the_sentences_of_old_and_new_engines_come_to_the_same() {
        for (name, error, message) in [
            (
                "[web 2/3] RUN make all",
                "executor failed running [/bin/sh -c make all]: exit code: 2",
                "`RUN make all` failed with exit code 2",
            ),
            (
                "[2/3] RUN make all",
                "process \"/bin/sh -c make all\" did not complete successfully: exit code: 2",
                "`RUN make all` failed with exit code 2",
            ),
            (
                "RUN make all",
                "The command '/bin/sh -c make all' returned a non-zero code: 2",
                "`RUN make all` failed with exit code 2",
            ),
            (
                "[2/2] COPY nowhere /",
                "failed to compute cache key: \"/nowhere\" not found: not found",
                "`COPY nowhere /` failed: \"/nowhere\" not found: not found",
            ),
            (
                "[2/2] COPY nowhere /",
                "failed to calculate checksum of ref 7sjz::x2ql: \"/nowhere\": not found",
                "`COPY nowhere /` failed: \"/nowhere\": not found",
            ),
            (
                "[internal] load metadata for docker.io/library/nothing:latest",
                "pull access denied, repository does not exist or may require authorization",
                "`FROM docker.io/library/nothing:latest` failed: pull access denied, repository does not exist or may \
                 require authorization",
            ),
        ] {
            let failed = step(name, error);
            assert_eq!(failed.kind(), ErrorKind::BuildFailed);
            assert_eq!(failed.message(), message);
            assert!(failed.hint().is_some(), "{message}");
            assert!(!failed.is_retryable(), "{message}");
        }
    }

    #[test]
    fn a_failure_without_a_step_is_told_without_the_engines_ceremony() {
        for (text, message) in [
            (
                "failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error \
                 line 3: unknown instruction: FLY",
                "the build failed: dockerfile parse error line 3: unknown instruction: FLY",
            ),
            (
                "failed to solve with frontend dockerfile.v0: failed to read dockerfile: open \
                 /var/lib/docker/tmp/buildkit-mount1/Dockerfile: no such file or directory",
                "the context has no Dockerfile Dockerfile",
            ),
            (
                "failed to solve: failed to read dockerfile: open Dockerfile: no such file or directory",
                "the context has no Dockerfile Dockerfile",
            ),
            (
                "Cannot locate specified Dockerfile: Dockerfile",
                "the context has no Dockerfile Dockerfile",
            ),
        ] {
            let failed = without_step(text, &build());
            assert_eq!(failed.kind(), ErrorKind::BuildFailed);
            assert_eq!(failed.message(), message);
            assert!(failed.hint().is_some(), "{message}");
        }
    }

    #[test]
    fn a_registry_that_is_away_is_worth_a_retry_and_a_program_that_says_so_is_not() {
        let away =
            "failed to do request: Head \"https://r.example.com/v2/\": dial tcp: i/o timeout";
        assert!(step("[internal] load metadata for r.example.com/base:1", away).is_retryable());
        assert!(step("FROM r.example.com/base:1", away).is_retryable());
        assert!(!step("[2/2] RUN curl r.example.com", away).is_retryable());
    }

    #[test]
    fn an_engine_that_ends_is_not_the_builds_fault() {
        let failed = without_step("failed to solve: context canceled", &build());
        assert_eq!(failed.kind(), ErrorKind::Unavailable);
        assert!(failed.is_retryable());
    }

    #[test]
    fn a_long_instruction_is_cut_and_a_killed_one_gets_advice() {
        let long = format!("[2/2] RUN echo {}", "x".repeat(1000));
        let failed = step(&long, "exit code: 137");
        assert!(failed.message().len() < 300, "{failed}");
        assert!(failed.hint().unwrap().contains("memory"), "{failed:?}");
        let limited = BuildRequest {
            memory_limit: Some(1),
            ..build()
        };
        let killed = FailedStep {
            name: "RUN x".to_owned(),
            error: String::new(),
        };
        let failed = of_step(Some(&killed), "", Some(137), &limited);
        assert!(failed.hint().unwrap().contains("limit"), "{failed:?}");
    }
}
