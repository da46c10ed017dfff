//! Pushes, pulls and digests, with and without a password.

use std::sync::Arc;

use dokploy_core::runtime::{Image, RegistryCredential};
use dokploy_core::{ContainerRuntime, ErrorKind, Secret};
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, Log, Registry};

async fn an_image(engine: &Engine) -> Image {
    let built = engine
        .build(
            &engine.request(),
            &engine.dockerfile("RUN echo $TEST >/name"),
        )
        .await;
    built.image().clone()
}

#[tokio::test]
async fn a_pushed_image_is_pinned_to_its_digest_and_can_be_fetched_again() {
    let (Some(engine), Some(registry)) = (Engine::find(), Registry::find()) else {
        return;
    };
    let image = an_image(&engine).await;
    let never = CancellationToken::new();
    for (host, credential) in [
        (&registry.host, None),
        (&registry.host_with_password, Some(&registry.credential)),
    ] {
        let name = format!("{host}/tests/{}:1", engine.name);
        let log = Arc::new(Log::default());
        let pinned = engine
            .runtime
            .push_image(&image.id, &name, credential, log.clone(), &never)
            .await
            .unwrap();
        let prefix = format!("{host}/tests/{}@sha256:", engine.name);
        assert!(pinned.starts_with(&prefix), "{pinned}");
        assert!(
            log.has("Pushed") || log.has("Layer already exists"),
            "{}",
            log.text()
        );
        let runtime: &dyn ContainerRuntime = &engine.runtime;
        let resolve = |name: String| async move { runtime.resolve_digest(&name, credential).await };
        assert_eq!(resolve(name.clone()).await.unwrap(), pinned);
        assert_eq!(resolve(pinned.clone()).await.unwrap(), pinned);
        engine.untag(&name);
        let fetched = engine
            .runtime
            .pull_image(&pinned, credential, &never)
            .await
            .unwrap();
        assert_eq!(fetched.id, image.id);
        let missing = resolve(format!("{host}/tests/{}:2", engine.name))
            .await
            .unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound, "{missing:?}");
        assert!(missing.message().contains(&engine.name), "{missing}");
    }
}

#[tokio::test]
async fn a_missing_or_wrong_credential_is_said_and_never_shown() {
    let (Some(engine), Some(registry)) = (Engine::find(), Registry::find()) else {
        return;
    };
    let image = an_image(&engine).await;
    let never = CancellationToken::new();
    let name = format!("{}/tests/{}:1", registry.host_with_password, engine.name);
    let wrong = RegistryCredential {
        password: Secret::new("not-the-password"),
        ..registry.credential.clone()
    };
    let elsewhere = RegistryCredential {
        host: "elsewhere.example.com".to_owned(),
        ..registry.credential.clone()
    };
    for credential in [None, Some(&wrong), Some(&elsewhere)] {
        let log = Arc::new(Log::default());
        let runtime = &engine.runtime;
        let pushed = runtime
            .push_image(&image.id, &name, credential, log, &never)
            .await
            .unwrap_err();
        let pulled = runtime
            .pull_image(&name, credential, &never)
            .await
            .unwrap_err();
        let resolved = runtime.resolve_digest(&name, credential).await.unwrap_err();
        for error in [pushed, pulled, resolved] {
            assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error:?}");
            assert!(
                error.message().contains(&registry.host_with_password),
                "{error}"
            );
            assert!(error.hint().is_some());
            assert!(!error.is_retryable());
            assert!(
                !format!("{error:?}").contains("not-the-password"),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_password_of_odd_characters_arrives_as_it_is() {
    let (Some(engine), Some(registry)) = (Engine::find(), Registry::find()) else {
        return;
    };
    // Encoded with the standard alphabet this password has a plus and a slash, which the engine drops in silence:
    // the error would then be about a missing credential instead of the wrong one.
    let odd = RegistryCredential {
        password: Secret::new("~~~???>>>ÿÿÿ"),
        ..registry.credential.clone()
    };
    let name = format!("{}/tests/{}:1", registry.host_with_password, engine.name);
    let error = engine
        .runtime
        .resolve_digest(&name, Some(&odd))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error:?}");
}

#[tokio::test]
async fn a_registry_that_is_away_is_worth_a_retry() {
    let Some(engine) = Engine::find() else { return };
    let image = an_image(&engine).await;
    let never = CancellationToken::new();
    let name = format!("localhost:1/{}:1", engine.name);
    let log = Arc::new(Log::default());
    let pushed = engine
        .runtime
        .push_image(&image.id, &name, None, log, &never)
        .await
        .unwrap_err();
    let resolved = engine
        .runtime
        .resolve_digest(&name, None)
        .await
        .unwrap_err();
    let pulled = engine
        .runtime
        .pull_image(&name, None, &never)
        .await
        .unwrap_err();
    for error in [pushed, resolved, pulled] {
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn a_base_image_is_fetched_with_its_credential_by_both_builders() {
    let (Some(engine), Some(registry)) = (Engine::find(), Registry::find()) else {
        return;
    };
    let image = an_image(&engine).await;
    let never = CancellationToken::new();
    let port = engine.forward(&registry.host_with_password).await;
    let credential = RegistryCredential {
        host: format!("localhost:{port}"),
        ..registry.credential.clone()
    };
    let base = format!("localhost:{port}/tests/{}:base", engine.name);
    engine
        .runtime
        .push_image(
            &image.id,
            &base,
            Some(&credential),
            Arc::new(Log::default()),
            &never,
        )
        .await
        .unwrap();
    engine.untag(&base);
    for memory_limit in [None, Some(256 << 20)] {
        let mut request = engine.request();
        request.image = format!("{}:on-private-base", engine.name);
        request.memory_limit = memory_limit;
        let dockerfile = format!("FROM {base}\nRUN cat /name\n");
        let refused = engine.build(&request, &dockerfile).await;
        let error = refused.error();
        assert_eq!(error.kind(), ErrorKind::BuildFailed);
        assert!(
            error.hint().is_some_and(|hint| hint.contains("credential")),
            "{error:?}"
        );
        request.credentials = vec![credential.clone()];
        let built = engine.build(&request, &dockerfile).await;
        built.image();
        assert!(built.log.printed(&engine.name), "{}", built.log.text());
        let password = registry.credential.password.expose();
        assert!(!built.log.text().contains(password));
        engine.untag(&base);
    }
}

#[tokio::test]
async fn a_name_that_is_none_never_reaches_the_engine() {
    let Some(engine) = Engine::find() else { return };
    for name in ["../containers/json?", "app?all=1", "UPPER", ""] {
        let error = engine.runtime.find_image(name).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{name}");
    }
    assert_eq!(
        engine.runtime.find_image("no/such:image").await.unwrap(),
        None
    );
}
