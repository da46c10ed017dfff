//! What was taken away is gone at once, for every control plane on the store.

use std::collections::BTreeSet;
use std::time::Duration;

use dokploy_core::control::{ControlPlane, NewToken, UserChange};
use dokploy_core::model::{Role, Scope};
use dokploy_core::store::{Idempotency, StoredResponse};
use dokploy_core::{Actor, Secret};

use crate::scene::{Scene, code, fresh_name, password, system};

const DAY: Duration = Duration::from_hours(24);

/// Two control planes that share nothing but the store: neither bus nor cache.
async fn apart(scene: &Scene) -> (ControlPlane, ControlPlane) {
    let other = Scene::on(std::sync::Arc::clone(&scene.store));
    (scene.open_control().await, other.control().await)
}

async fn registered(control: &ControlPlane) -> (Actor, Secret) {
    let name = fresh_name();
    let made = control
        .register(&Actor::anonymous(), &name, &password(), None)
        .await
        .unwrap();
    let actor = control.authenticate(made.token.expose()).await.unwrap();
    (actor, made.token)
}

#[tokio::test]
async fn a_logout_is_seen_by_another_process_at_once() {
    for scene in Scene::each().await {
        let (here, there) = apart(&scene).await;
        let (actor, token) = registered(&here).await;
        there.authenticate(token.expose()).await.unwrap();
        here.logout(&actor).await.unwrap();
        assert_eq!(
            code(there.authenticate(token.expose()).await),
            "unauthenticated"
        );
        assert_eq!(code(there.recheck(&actor).await), "unauthenticated");
    }
}

#[tokio::test]
async fn disabling_a_new_password_and_deletion_end_every_session_and_disabling_every_token() {
    for scene in Scene::each().await {
        let (here, there) = apart(&scene).await;
        registered(&here).await;
        for change in [
            UserChange {
                disabled: Some(true),
                ..UserChange::default()
            },
            UserChange {
                password: Some("another password".into()),
                ..UserChange::default()
            },
        ] {
            let is_disabled = change.disabled.is_some();
            let (actor, session) = registered(&here).await;
            let token = api_token(&here, &actor, None).await;
            let id = actor.user_id().unwrap();
            there
                .update_user(&system(), id, None, change)
                .await
                .unwrap();
            assert_eq!(
                code(here.authenticate(session.expose()).await),
                "unauthenticated"
            );
            let by_token = code(here.authenticate(token.expose()).await);
            assert_eq!(by_token, if is_disabled { "unauthenticated" } else { "ok" });
        }
        let (actor, session) = registered(&here).await;
        let token = api_token(&here, &actor, None).await;
        there
            .delete_user(&system(), actor.user_id().unwrap())
            .await
            .unwrap();
        assert_eq!(
            code(here.authenticate(session.expose()).await),
            "unauthenticated"
        );
        assert_eq!(
            code(here.authenticate(token.expose()).await),
            "unauthenticated"
        );
    }
}

#[tokio::test]
async fn enabling_an_account_again_wakes_no_session_up() {
    for scene in Scene::each().await {
        let control = scene.open_control().await;
        registered(&control).await;
        let (actor, session) = registered(&control).await;
        for disabled in [true, false] {
            let change = UserChange {
                disabled: Some(disabled),
                ..UserChange::default()
            };
            let id = actor.user_id().unwrap();
            control
                .update_user(&system(), id, None, change)
                .await
                .unwrap();
        }
        assert_eq!(
            code(control.authenticate(session.expose()).await),
            "unauthenticated"
        );
    }
}

#[tokio::test]
async fn a_role_that_was_taken_away_is_taken_from_sessions_and_tokens() {
    for scene in Scene::each().await {
        let (here, there) = apart(&scene).await;
        scene.person(&here, Role::Owner).await;
        let admin = scene.person(&here, Role::Admin).await;
        let token = api_token(&here, &admin, None).await;
        let change = UserChange {
            role: Some(Role::Viewer),
            ..UserChange::default()
        };
        there
            .update_user(&system(), admin.user_id().unwrap(), None, change)
            .await
            .unwrap();
        let now = here.recheck(&admin).await.unwrap();
        assert_eq!(now.user().unwrap().role, Role::Viewer);
        assert_eq!(
            code(here.create_team(&now, "mine").await),
            "permission_denied"
        );
        let now = here.authenticate(token.expose()).await.unwrap();
        assert_eq!(
            code(here.create_team(&now, "mine").await),
            "permission_denied"
        );
    }
}

#[tokio::test]
async fn a_token_ends_when_it_is_deleted_and_when_its_time_has_come() {
    for scene in Scene::each().await {
        let (here, there) = apart(&scene).await;
        let owner = scene.person(&here, Role::Owner).await;
        let token = api_token(&here, &owner, None).await;
        let actor = there.authenticate(token.expose()).await.unwrap();
        let id = match &actor.identity {
            dokploy_core::access::Identity::Token { token, .. } => token.id,
            other => panic!("{other:?}"),
        };
        here.delete_token(&owner, id).await.unwrap();
        assert_eq!(
            code(there.authenticate(token.expose()).await),
            "unauthenticated"
        );
        assert_eq!(code(there.recheck(&actor).await), "unauthenticated");

        let short = api_token(&here, &owner, Some(Duration::from_hours(1))).await;
        let actor = here.authenticate(short.expose()).await.unwrap();
        scene.clock.advance(Duration::from_hours(1));
        assert_eq!(
            code(here.authenticate(short.expose()).await),
            "unauthenticated"
        );
        assert_eq!(code(here.recheck(&actor).await), "unauthenticated");
    }
}

#[tokio::test]
async fn a_session_lasts_seven_days() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let (_, token) = registered(&control).await;
        scene.clock.advance(Duration::from_hours(7 * 24 - 1));
        control.authenticate(token.expose()).await.unwrap();
        scene.clock.advance(Duration::from_hours(1));
        assert_eq!(
            code(control.authenticate(token.expose()).await),
            "unauthenticated"
        );
    }
}

#[tokio::test]
async fn every_other_bearer_is_nobody() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    let (_, token) = registered(&control).await;
    let forged = format!("{}x", token.expose());
    for bearer in [
        "",
        "x",
        "dks_",
        "dkp_",
        "dkp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        &forged,
    ] {
        assert_eq!(
            code(control.authenticate(bearer).await),
            "unauthenticated",
            "{bearer}"
        );
    }
}

async fn api_token(control: &ControlPlane, actor: &Actor, lasts: Option<Duration>) -> Secret {
    let now = control_now(control).await;
    let new = NewToken {
        name: fresh_name(),
        scopes: BTreeSet::from([Scope::Admin]),
        project_ids: None,
        expires_at: lasts.map(|lasts| now.plus(lasts)),
    };
    control.create_token(actor, new).await.unwrap().secret
}

/// The present of a control plane, read off something that it makes.
async fn control_now(control: &ControlPlane) -> dokploy_core::clock::Timestamp {
    control
        .create_team(&system(), &fresh_name())
        .await
        .unwrap()
        .created_at
}

#[tokio::test]
async fn what_has_had_its_time_is_forgotten_and_nothing_else() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let (_, token) = registered(&control).await;
        let begin = async |at| {
            let (key, digest) = ("key", "digest");
            let begun = scene.store.begin_idempotent("actor", key, digest, at, DAY);
            begun.await.unwrap()
        };
        begin(scene.now()).await;
        let answer = StoredResponse {
            status: 201,
            body: String::new(),
        };
        let finished = scene.store.finish_idempotent("actor", "key", &answer);
        finished.await.unwrap();
        scene.clock.advance(Duration::from_hours(23));
        control.purge().await.unwrap();
        control.authenticate(token.expose()).await.unwrap();
        assert_eq!(begin(scene.now()).await, Idempotency::Done(answer));
        scene.clock.advance(DAY * 7);
        control.purge().await.unwrap();
        let now = scene.now();
        let sessions = scene.store.purge_sessions(now).await.unwrap();
        assert_eq!(sessions, 0, "the session was forgotten before");
        let answers = scene.store.purge_idempotent(now).await.unwrap();
        assert_eq!(answers, 0, "the answer was forgotten before");
    }
}
