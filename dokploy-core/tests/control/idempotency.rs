//! The same request with the same key is carried out once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dokploy_core::model::Role;
use dokploy_core::{Actor, Secret};

use crate::scene::{Scene, code};

#[tokio::test]
async fn the_same_key_and_request_get_the_same_answer_for_a_day() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let anna = scene.person(&control, Role::Developer).await;
        let runs = AtomicU32::new(0);
        let run = || async {
            let run = runs.fetch_add(1, Ordering::SeqCst);
            (201, Secret::new(format!("answer {run}")))
        };
        let first = control
            .idempotent(&anna, "key", b"POST /a", run())
            .await
            .unwrap();
        let again = control
            .idempotent(&anna, "key", b"POST /a", run())
            .await
            .unwrap();
        assert_eq!((first.status, again.status), (201, 201));
        assert_eq!(first.body.expose(), again.body.expose());
        assert_eq!((first.replayed, again.replayed), (false, true));
        let other = control.idempotent(&anna, "key", b"POST /b", run()).await;
        assert_eq!(code(other), "invalid_spec");
        assert_eq!(runs.load(Ordering::SeqCst), 1);

        // Keys of one are nothing to another.
        let bert = scene.person(&control, Role::Developer).await;
        let foreign = control
            .idempotent(&bert, "key", b"POST /a", run())
            .await
            .unwrap();
        assert!(!foreign.replayed);
        scene.clock.advance(Duration::from_hours(24));
        let later = control
            .idempotent(&anna, "key", b"POST /a", run())
            .await
            .unwrap();
        assert!(!later.replayed);
    }
}

#[tokio::test]
async fn of_many_at_once_one_is_carried_out() {
    for scene in Scene::each().await {
        let controls = [scene.control().await, scene.control().await];
        let anna = scene.person(&controls[0], Role::Developer).await;
        let runs = AtomicU32::new(0);
        let many = (0..20).map(|number| {
            let (control, anna, runs) = (controls[number % 2].clone(), anna.clone(), &runs);
            async move {
                let run = async {
                    runs.fetch_add(1, Ordering::SeqCst);
                    (202, Secret::new("accepted"))
                };
                code(control.idempotent(&anna, "key", b"request", run).await)
            }
        });
        let codes = futures::future::join_all(many).await;
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert!(
            codes.iter().all(|code| ["ok", "conflict"].contains(code)),
            "{codes:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_passes_is_not_kept() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let anna = scene.person(&control, Role::Developer).await;
        for status in [503, 429, 409, 201] {
            let run = async { (status, Secret::new("")) };
            let answer = control
                .idempotent(&anna, "key", b"request", run)
                .await
                .unwrap();
            assert_eq!((answer.status, answer.replayed), (status, false));
        }
    }
}

#[tokio::test]
async fn a_kept_answer_is_not_stored_in_clear() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    let anna = scene.person(&control, Role::Developer).await;
    let run = async { (201, Secret::new("dkp_secret")) };
    control
        .idempotent(&anna, "key", b"request", run)
        .await
        .unwrap();
    let key = anna.key();
    let digest = "not the digest";
    let ttl = Duration::from_hours(24);
    let found = scene
        .store
        .begin_idempotent(&key, "key", digest, scene.now(), ttl)
        .await
        .unwrap();
    assert_eq!(found, dokploy_core::store::Idempotency::Mismatch);
    for key in ["", "a b", "ä", &"x".repeat(256)] {
        let run = async { (201, Secret::new("")) };
        let refused = control
            .idempotent(&Actor::system("test"), key, b"", run)
            .await;
        assert_eq!(code(refused), "invalid_spec", "{key}");
    }
}
