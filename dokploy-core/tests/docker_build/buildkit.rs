//! What only `BuildKit` can, and that it is what a build gets.

use std::collections::BTreeMap;

use dokploy_core::{ContainerRuntime, ErrorKind};
use sha2::{Digest, Sha256};

use crate::engine::{Engine, files, holds, secret};

#[tokio::test]
async fn an_image_is_built_with_arguments_target_labels_and_a_dockerfile_in_a_folder() {
    let Some(engine) = Engine::find() else { return };
    let mut request = engine.request();
    request.dockerfile = "deploy/web.Dockerfile".to_owned();
    request.target = Some("web".to_owned());
    request.args = BTreeMap::from([("GREETING".to_owned(), "good morning & more".to_owned())]);
    let dockerfile = engine.dockerfile(
        "FROM scratch AS web-files\n\
         COPY page.txt /page.txt\n\
         FROM dokploy-test/base AS web\n\
         ARG GREETING\n\
         COPY --from=web-files /page.txt /page.txt\n\
         RUN echo \"says $GREETING and $(cat /page.txt)\"\n\
         HEALTHCHECK CMD true\n\
         FROM web AS never\n\
         RUN exit 1",
    );
    let page = format!("a page of {}", engine.name);
    let context = files(&[("deploy/web.Dockerfile", &dockerfile), ("page.txt", &page)]);
    let built = engine.build_from(&request, context).await;
    let image = built.image();
    assert!(
        built
            .log
            .printed(&format!("says good morning & more and {page}")),
        "{}",
        built.log.text()
    );
    assert!(image.id.starts_with("sha256:"));
    assert_eq!(image.tags, [format!("{}:1", engine.name)]);
    assert_eq!(image.labels, request.labels);
    assert!(image.has_health_check);
    assert!(image.size > 1_000_000);
    assert_eq!(
        engine
            .runtime
            .find_image(&request.image)
            .await
            .unwrap()
            .as_ref(),
        Some(image)
    );
    assert_eq!(
        engine.runtime.find_image(&image.id).await.unwrap().as_ref(),
        Some(image)
    );
}

#[tokio::test]
async fn a_cache_mount_outlives_the_build() {
    let Some(engine) = Engine::find() else { return };
    let dockerfile = engine.dockerfile(&format!(
        "ARG ROUND\nRUN --mount=type=cache,id={},target=/cache echo $ROUND >>/cache/rounds && cat /cache/rounds",
        engine.name
    ));
    for round in ["first", "second"] {
        let mut request = engine.request();
        request.args = BTreeMap::from([("ROUND".to_owned(), round.to_owned())]);
        let built = engine.build(&request, &dockerfile).await;
        built.image();
        assert!(built.log.printed(" first"), "{round}: {}", built.log.text());
        assert_eq!(built.log.printed(" second"), round == "second");
    }
}

#[tokio::test]
async fn a_build_secret_is_there_for_its_step_and_nowhere_afterwards() {
    let Some(engine) = Engine::find() else { return };
    let secret = secret();
    let mut request = engine.request();
    request.secrets = BTreeMap::from([("token".to_owned(), secret.clone())]);
    let dockerfile = engine.dockerfile(
        "RUN --mount=type=secret,id=token echo \"sum $(sha256sum </run/secrets/token)\"\n\
         RUN test ! -e /run/secrets/token && echo gone",
    );
    let built = engine.build(&request, &dockerfile).await;
    let image = built.image().clone();
    let sum = hex::encode(Sha256::digest(secret.expose()));
    assert!(
        built.log.printed(&format!("sum {sum}  -")),
        "{}",
        built.log.text()
    );
    assert!(built.log.printed(" gone"), "{}", built.log.text());
    let history = engine.get(&format!("/images/{}/history", image.id));
    let inspected = engine.get(&format!("/images/{}/json", image.id));
    let layers = engine.get(&format!("/images/{}/get", image.id));
    assert!(holds(&layers, "manifest.json"));
    for (place, bytes) in [
        ("history", history),
        ("configuration", inspected),
        ("layers", layers),
        ("log", built.log.text().into_bytes()),
    ] {
        assert!(
            !holds(&bytes, secret.expose()),
            "the secret is in the {place}"
        );
    }
}

#[tokio::test]
async fn a_build_secret_that_a_step_prints_is_masked_in_the_log() {
    let Some(engine) = Engine::find() else { return };
    let secret = secret();
    let mut request = engine.request();
    request.secrets = BTreeMap::from([("token".to_owned(), secret.clone())]);
    let dockerfile = engine.dockerfile(
        "RUN --mount=type=secret,id=token echo \"it is $(cat /run/secrets/token).\" && cat /run/secrets/token >&2",
    );
    let built = engine.build(&request, &dockerfile).await;
    built.image();
    let text = built.log.text();
    assert!(text.contains("it is "), "{text}");
    assert!(!text.contains(secret.expose()), "{text}");
}

#[tokio::test]
async fn a_build_secret_that_is_missing_is_named() {
    let Some(engine) = Engine::find() else { return };
    let dockerfile =
        engine.dockerfile("RUN --mount=type=secret,id=token,required=true cat /run/secrets/token");
    let built = engine.build(&engine.request(), &dockerfile).await;
    let error = built.error();
    assert_eq!(error.kind(), ErrorKind::BuildFailed);
    assert!(error.message().contains("token"), "{error:?}");
}

#[tokio::test]
async fn an_unchanged_build_is_cached_unless_the_cache_is_refused() {
    let Some(engine) = Engine::find() else { return };
    let dockerfile = engine.dockerfile("RUN echo once");
    let mut request = engine.request();
    let first = engine.build(&request, &dockerfile).await;
    assert!(first.log.printed("once"), "{}", first.log.text());
    let again = engine.build(&request, &dockerfile).await;
    assert!(!again.log.printed("once"), "{}", again.log.text());
    assert!(again.log.has("CACHED"), "{}", again.log.text());
    assert_eq!(again.image().id, first.image().id);
    request.no_cache = true;
    let refused = engine.build(&request, &dockerfile).await;
    refused.image();
    assert!(refused.log.printed("once"), "{}", refused.log.text());
}

#[tokio::test]
async fn a_step_that_fails_is_named_with_its_exit_code() {
    let Some(engine) = Engine::find() else { return };
    for (run, code, hint) in [
        ("echo so far; exit 3", 3, "log"),
        ("no-such-program", 127, "install"),
    ] {
        let dockerfile = engine.dockerfile(&format!("RUN {run}"));
        let built = engine.build(&engine.request(), &dockerfile).await;
        let error = built.error();
        assert_eq!(error.kind(), ErrorKind::BuildFailed);
        assert_eq!(
            error.message(),
            format!("`RUN {run}` failed with exit code {code}"),
            "{}",
            built.log.text()
        );
        assert!(error.hint().unwrap().contains(hint), "{error:?}");
        assert!(!error.is_retryable());
        assert_eq!(error.operation(), Some("build_image"));
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_dockerfile_is_said() {
    let Some(engine) = Engine::find() else { return };
    for (dockerfile, message) in [
        (
            engine.dockerfile("COPY nowhere /"),
            "`COPY nowhere /` failed: ",
        ),
        (engine.dockerfile("FLY away"), "unknown instruction: FLY"),
        (
            format!("FROM {}/no/such:image", "localhost:1"),
            "`FROM localhost:1/no/such:image` failed: ",
        ),
        (String::new(), "the build failed: "),
    ] {
        let built = engine.build(&engine.request(), &dockerfile).await;
        let error = built.error();
        assert_eq!(error.kind(), ErrorKind::BuildFailed);
        assert!(
            error.message().contains(message),
            "{error:?}\n{}",
            built.log.text()
        );
        assert!(!error.message().contains("rpc error"), "{error}");
        assert!(!error.message().contains("/var/lib"), "{error}");
    }
    let mut request = engine.request();
    request.target = Some("nowhere".to_owned());
    let built = engine.build(&request, &engine.dockerfile("")).await;
    assert!(
        built.error().message().contains("nowhere"),
        "{:?}",
        built.error()
    );
    assert!(built.error().hint().is_some(), "{:?}", built.error());
}

#[tokio::test]
async fn a_dockerfile_that_is_not_there_is_said_to_be_missing() {
    let Some(engine) = Engine::find() else { return };
    let mut request = engine.request();
    request.dockerfile = "deploy/Dockerfile".to_owned();
    let built = engine
        .build_from(&request, files(&[("Dockerfile", "FROM scratch")]))
        .await;
    let error = built.error();
    assert_eq!(error.kind(), ErrorKind::BuildFailed);
    assert_eq!(
        error.message(),
        "the context has no Dockerfile deploy/Dockerfile"
    );
    assert!(error.hint().is_some());
}
