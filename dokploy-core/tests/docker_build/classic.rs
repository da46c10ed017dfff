//! The builder that keeps the limits of a build.

use std::collections::BTreeMap;

use dokploy_core::ErrorKind;
use dokploy_core::runtime::{BuildRequest, LogStream};

use crate::engine::{Engine, files, secret};

const LIMIT: u64 = 64 << 20;

fn limited(engine: &Engine) -> BuildRequest {
    BuildRequest {
        memory_limit: Some(LIMIT),
        nano_cpus: Some(500_000_000),
        ..engine.request()
    }
}

#[tokio::test]
async fn a_build_with_limits_keeps_them() {
    let Some(engine) = Engine::find() else { return };
    let mut request = limited(&engine);
    request.args = BTreeMap::from([("GREETING".to_owned(), "good morning".to_owned())]);
    let dockerfile = engine.dockerfile(
        "ARG GREETING\n\
         RUN echo \"says $GREETING\" && echo \"to stderr\" >&2\n\
         RUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null || true\n\
         RUN cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>/dev/null || true\n\
         HEALTHCHECK NONE",
    );
    let built = engine.build(&request, &dockerfile).await;
    let image = built.image();
    assert_eq!(image.labels, request.labels);
    assert_eq!(image.tags, [format!("{}:1", engine.name)]);
    assert!(!image.has_health_check);
    let lines = built.log.lines();
    let said = |stream, line: &str| lines.contains(&(stream, line.to_owned()));
    assert!(said(LogStream::Stdout, "says good morning"), "{lines:?}");
    assert!(said(LogStream::Stderr, "to stderr"), "{lines:?}");
    assert!(said(LogStream::Stdout, &LIMIT.to_string()), "{lines:?}");
    assert!(
        lines.iter().any(|(_, line)| line.starts_with("50000")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn target_and_dockerfile_in_a_folder_are_understood() {
    let Some(engine) = Engine::find() else { return };
    let mut request = limited(&engine);
    request.dockerfile = "deploy/web.Dockerfile".to_owned();
    request.target = Some("web".to_owned());
    let dockerfile = format!(
        "FROM {0} AS web\nRUN echo built\nFROM {0}\nRUN exit 1\n",
        engine.base
    );
    let context = files(&[("deploy/web.Dockerfile", &dockerfile)]);
    let built = engine.build_from(&request, context).await;
    built.image();
}

#[tokio::test]
async fn a_step_that_fails_is_named_with_its_exit_code() {
    let Some(engine) = Engine::find() else { return };
    let dockerfile = engine.dockerfile("RUN echo so far; exit 3");
    let built = engine.build(&limited(&engine), &dockerfile).await;
    let error = built.error();
    assert_eq!(error.kind(), ErrorKind::BuildFailed);
    assert_eq!(
        error.message(),
        "`RUN echo so far; exit 3` failed with exit code 3"
    );
    assert!(built.log.printed("so far"));
}

#[tokio::test]
async fn a_step_that_needs_more_memory_than_it_may_is_said_to_be_killed() {
    let Some(engine) = Engine::find() else { return };
    let dockerfile = engine.dockerfile("RUN dd if=/dev/zero of=/dev/null bs=200M count=1");
    let built = engine.build(&limited(&engine), &dockerfile).await;
    let error = built.error();
    assert!(error.message().ends_with("exit code 137"), "{error:?}");
    assert!(
        error.hint().unwrap().contains("raise the limit"),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_dockerfile_is_said() {
    let Some(engine) = Engine::find() else { return };
    let request = limited(&engine);
    for (dockerfile, message) in [
        (
            engine.dockerfile("COPY nowhere /"),
            "`COPY nowhere /` failed: ",
        ),
        (engine.dockerfile("FLY away"), "unknown instruction: FLY"),
        (
            "FROM localhost:1/no/such:image".to_owned(),
            "`FROM localhost:1/no/such:image` failed: ",
        ),
    ] {
        let built = engine.build(&request, &dockerfile).await;
        let error = built.error();
        assert_eq!(error.kind(), ErrorKind::BuildFailed, "{error:?}");
        assert!(error.message().contains(message), "{error:?}");
    }
    let built = engine.build_from(&request, files(&[("other", "")])).await;
    assert_eq!(
        built.error().message(),
        "the context has no Dockerfile Dockerfile"
    );
}

#[tokio::test]
async fn build_secrets_together_with_limits_are_refused() {
    let Some(engine) = Engine::find() else { return };
    let mut request = limited(&engine);
    request.secrets = BTreeMap::from([("token".to_owned(), secret())]);
    let built = engine.build(&request, &engine.dockerfile("")).await;
    assert_eq!(built.error().kind(), ErrorKind::Unsupported);
    assert!(built.error().hint().is_some());
}
