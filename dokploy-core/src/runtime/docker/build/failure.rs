//! Why a build failed, for the person who wrote the Dockerfile.

use super::super::error::TEMPORARY;
use super::progress::FailedStep;
use crate::error::{Error, ErrorKind, Retry};
use crate::runtime::BuildRequest;

/// A longer instruction is cut in a message; the log has it whole.
const INSTRUCTION_CHARS_MAX: usize = 200;

/// What the engine puts before what happened.
const PREFIXES: &[&str] = &[
    "failed to solve with frontend dockerfile.v0: ",
    "failed to solve: ",
    "failed to create LLB definition: ",
    "failed to build LLB: ",
    "failed to compute cache key: ",
    "failed to calculate checksum of ref",
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
    let has = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    if has(&[
        "pull access denied",
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
    } else if has(&["server gave HTTP response to HTTPS client"]) {
        Some(
            "the registry speaks no TLS: BuildKit reaches such a registry only as localhost, \
             unless the engine's `insecure-registries` names it and its version honours that for builds",
        )
    } else if has(&["no space left on device"]) {
        Some("free space on the engine's disk")
    } else if has(&["not found", "no such file", "no source files"]) {
        Some("check that the file is in the context, and that `.dockerignore` keeps it")
    } else if has(&[
        "unknown instruction",
        "parse error",
        "dockerfile parse",
        "Syntax error",
    ]) {
        Some("correct the Dockerfile")
    } else if has(&["target stage", "failed to reach build target"]) {
        Some("check the name of the target stage")
    } else {
        None
    }
}
