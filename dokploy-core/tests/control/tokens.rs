//! Tokens: shown once, narrower than what makes them.

use std::collections::BTreeSet;
use std::time::Duration;

use dokploy_core::Actor;
use dokploy_core::control::{ControlPlane, NewToken};
use dokploy_core::id::{ProjectId, TokenId};
use dokploy_core::model::{PageRequest, Role, Scope};

use crate::scene::{Scene, code, fresh_name, project_of};

fn new(scopes: &[Scope]) -> NewToken {
    NewToken {
        name: fresh_name(),
        scopes: scopes.iter().copied().collect(),
        project_ids: None,
        expires_at: None,
    }
}

async fn actor(control: &ControlPlane, by: &Actor, new: NewToken) -> Actor {
    let made = control.create_token(by, new).await.unwrap();
    control.authenticate(made.secret.expose()).await.unwrap()
}

#[tokio::test]
async fn a_token_is_shown_once_and_its_use_is_noted() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let anna = scene.person(&control, Role::Developer).await;
        let made = control
            .create_token(&anna, new(&[Scope::Read]))
            .await
            .unwrap();
        assert!(made.secret.expose().starts_with("dkp_"));
        let first = PageRequest::first();
        let listed = control.tokens(&anna, None, first).await.unwrap();
        assert_eq!(listed.items.iter().collect::<Vec<_>>(), [&made.token]);
        assert!(!format!("{listed:?}{made:?}").contains(made.secret.expose()));
        scene.clock.advance(Duration::from_mins(5));
        control.authenticate(made.secret.expose()).await.unwrap();
        let listed = control.tokens(&anna, None, first).await.unwrap();
        assert_eq!(listed.items[0].last_used_at, Some(scene.now()));
    }
}

#[tokio::test]
async fn a_token_makes_none_that_may_more_than_itself() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    let owner = scene.person(&control, Role::Owner).await;
    let (one, two) = (
        project_of(&control, &owner).await.id,
        project_of(&control, &owner).await.id,
    );
    let end = scene.now().plus(Duration::from_hours(1));
    let limited = NewToken {
        project_ids: Some(vec![one]),
        expires_at: Some(end),
        ..new(&[Scope::Admin])
    };
    let limited = actor(&control, &owner, limited).await;
    let wider = [
        NewToken {
            expires_at: Some(end),
            ..new(&[Scope::Read])
        },
        NewToken {
            project_ids: Some(vec![one, two]),
            expires_at: Some(end),
            ..new(&[Scope::Read])
        },
        NewToken {
            project_ids: Some(vec![one]),
            ..new(&[Scope::Read])
        },
        NewToken {
            project_ids: Some(vec![one]),
            expires_at: Some(end.plus(Duration::from_secs(1))),
            ..new(&[Scope::Read])
        },
    ];
    for wider in wider {
        assert_eq!(
            code(control.create_token(&limited, wider).await),
            "permission_denied"
        );
    }
    let narrower = NewToken {
        project_ids: Some(vec![one]),
        expires_at: Some(end),
        ..new(&[Scope::Admin])
    };
    control.create_token(&limited, narrower).await.unwrap();
    let writer = actor(&control, &owner, new(&[Scope::Write])).await;
    assert_eq!(
        code(control.create_token(&writer, new(&[Scope::Read])).await),
        "permission_denied"
    );
}

#[tokio::test]
async fn what_a_token_cannot_be_is_named() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    let anna = scene.person(&control, Role::Developer).await;
    let cases = [
        ("scopes", new(&[])),
        (
            "name",
            NewToken {
                name: String::new(),
                ..new(&[Scope::Read])
            },
        ),
        (
            "projectIds",
            NewToken {
                project_ids: Some(vec![]),
                ..new(&[Scope::Read])
            },
        ),
        (
            "expiresAt",
            NewToken {
                expires_at: Some(scene.now()),
                ..new(&[Scope::Read])
            },
        ),
    ];
    for (field, new) in cases {
        let error = control.create_token(&anna, new).await.unwrap_err();
        assert_eq!(error.violations()[0].field, field);
    }
    let foreign = project_of(&control, &Actor::system("stranger")).await.id;
    for project in [foreign, ProjectId::new()] {
        let limited = NewToken {
            project_ids: Some(vec![project]),
            ..new(&[Scope::Read])
        };
        assert_eq!(
            code(control.create_token(&anna, limited).await),
            "not_found"
        );
    }
}

#[tokio::test]
async fn nobody_sees_or_deletes_a_token_of_others_but_administrators() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let anna = scene.person(&control, Role::Developer).await;
        let bert = scene.person(&control, Role::Developer).await;
        let admin = scene.person(&control, Role::Admin).await;
        let token = control
            .create_token(&anna, new(&[Scope::Read]))
            .await
            .unwrap()
            .token;
        let page = PageRequest::first();
        let of = anna.user_id();
        assert_eq!(
            code(control.tokens(&bert, of, page).await),
            "permission_denied"
        );
        let foreign = control.delete_token(&bert, token.id).await.unwrap_err();
        let missing = TokenId::new();
        let absent = control.delete_token(&bert, missing).await.unwrap_err();
        assert_eq!(
            foreign.to_string().replace(&token.id.to_string(), ""),
            absent.to_string().replace(&missing.to_string(), "")
        );
        assert_eq!(
            control.tokens(&admin, of, page).await.unwrap().items.len(),
            1
        );
        control.delete_token(&admin, token.id).await.unwrap();
        assert!(
            control
                .tokens(&anna, None, page)
                .await
                .unwrap()
                .items
                .is_empty()
        );
    }
}

#[tokio::test]
async fn the_scopes_of_a_token_are_those_that_were_asked_for() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    let anna = scene.person(&control, Role::Developer).await;
    let made = control
        .create_token(&anna, new(&[Scope::Deploy, Scope::Read]))
        .await
        .unwrap();
    assert_eq!(
        made.token.scopes,
        BTreeSet::from([Scope::Read, Scope::Deploy])
    );
}
