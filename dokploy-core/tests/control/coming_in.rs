//! Accounts that people make for themselves, and coming in with them.

use std::time::Instant;

use dokploy_core::control::{ControlOptions, ExternalProfile, NewUser, Registration, UserChange};
use dokploy_core::model::{AuditOutcome, PasswordHash, Role};
use dokploy_core::{Actor, ErrorKind, Retry};

use crate::scene::{PASSWORD, Scene, code, password, system};

fn from(address: &str) -> Actor {
    Actor::anonymous().with_address(address)
}

#[tokio::test]
async fn of_many_first_registrations_exactly_one_becomes_the_owner() {
    for scene in Scene::each().await {
        let (one, two) = (scene.control().await, scene.control().await);
        let racers = (0..8).map(|number| {
            let control = if number % 2 == 0 {
                one.clone()
            } else {
                two.clone()
            };
            async move {
                let name = format!("racer-{number}");
                control
                    .register(&Actor::anonymous(), &name, &password(), None)
                    .await
            }
        });
        let results = futures::future::join_all(racers).await;
        let owners: Vec<_> = results
            .iter()
            .flatten()
            .map(|signed| signed.user.role)
            .collect();
        assert_eq!(owners, [Role::Owner]);
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
        }
        assert_eq!(scene.store.count_owners().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn where_everybody_may_register_only_the_first_one_becomes_the_owner() {
    for scene in Scene::each().await {
        let control = scene.open_control().await;
        let racers = (0..6).map(|number| {
            let control = control.clone();
            async move {
                let name = format!("racer-{number}");
                control
                    .register(&Actor::anonymous(), &name, &password(), None)
                    .await
            }
        });
        let results = futures::future::join_all(racers).await;
        let mut roles: Vec<_> = results
            .into_iter()
            .map(|signed| signed.unwrap().user.role)
            .collect();
        roles.sort_unstable();
        assert_eq!(roles.pop(), Some(Role::Owner));
        assert!(roles.iter().all(|role| *role == Role::Viewer), "{roles:?}");
    }
}

#[tokio::test]
async fn where_nobody_may_register_nobody_does() {
    let scene = Scene::in_memory();
    let control = scene
        .control_with(ControlOptions {
            registration: Registration::Closed,
            ..ControlOptions::default()
        })
        .await;
    let refused = control
        .register(&Actor::anonymous(), "anna", &password(), None)
        .await;
    assert_eq!(code(refused), "permission_denied");
}

#[tokio::test]
async fn whoever_registered_comes_in_under_his_name_in_any_case() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let made = control
            .register(
                &Actor::anonymous(),
                "Anna",
                &password(),
                Some("anna@example.com"),
            )
            .await
            .unwrap();
        let actor = control.authenticate(made.token.expose()).await.unwrap();
        assert_eq!(actor.user_id(), Some(made.user.id));
        assert_eq!(control.csrf_token(&actor).unwrap(), made.csrf_token);
        control.check_csrf(&actor, &made.csrf_token).unwrap();

        let again = control
            .login(&Actor::anonymous(), "aNNa", &password())
            .await
            .unwrap();
        assert_eq!(again.user.id, made.user.id);
        assert_ne!(again.token.expose(), made.token.expose());
        assert_eq!(
            code(control.check_csrf(&actor, &again.csrf_token)),
            "permission_denied"
        );
        let taken = scene.open_control().await;
        let taken = taken
            .register(&Actor::anonymous(), "ANNA", &password(), None)
            .await;
        assert_eq!(code(taken), "already_exists");
    }
}

#[tokio::test]
async fn a_name_and_a_password_that_cannot_be_one_are_named() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    for (name, password, field) in [
        ("", PASSWORD, "username"),
        ("a b", PASSWORD, "username"),
        ("anna", "short", "password"),
    ] {
        let refused = control
            .register(&Actor::anonymous(), name, &password.into(), None)
            .await;
        assert_eq!(refused.unwrap_err().violations()[0].field, field);
    }
}

#[tokio::test]
async fn a_wrong_password_an_unknown_name_and_a_disabled_account_are_answered_alike() {
    for scene in Scene::each().await {
        let control = scene.open_control().await;
        control
            .register(&Actor::anonymous(), "owner", &password(), None)
            .await
            .unwrap();
        let bert = control
            .register(&Actor::anonymous(), "bert", &password(), None)
            .await
            .unwrap();
        let disabled = UserChange {
            disabled: Some(true),
            ..UserChange::default()
        };
        control
            .update_user(&system(), bert.user.id, None, disabled)
            .await
            .unwrap();

        let before = scene.trail_len().await;
        let mut answers = Vec::new();
        for (name, password) in [
            ("owner", "wrong password"),
            ("nobody", PASSWORD),
            ("bert", PASSWORD),
        ] {
            let error = control
                .login(&from("192.0.2.1"), name, &password.into())
                .await
                .unwrap_err();
            answers.push(format!("{error:?}"));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        let trail = scene.since(before).await;
        assert_eq!(
            trail,
            vec![("auth.login".to_owned(), AuditOutcome::Denied); 3]
        );
        let said = format!("{:?}", scene.trail().await);
        assert!(
            !said.contains("nobody"),
            "people type passwords into the wrong field"
        );
        assert!(said.contains("192.0.2.1"));
    }
}

#[tokio::test]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    // Whatever the machine does besides only adds to what the work takes: the best of many runs is the work.
    let mut best = [f64::MAX; 2];
    for round in 0..60 {
        let known = format!("anna-{}", round / 9);
        if round % 9 == 0 {
            let new = NewUser {
                username: known.clone(),
                password: Some(password()),
                role: Role::Viewer,
                email: None,
            };
            control.create_user(&system(), new).await.unwrap();
        }
        for (which, name) in [known, format!("nobody-{round}")].into_iter().enumerate() {
            let begun = Instant::now();
            let refused = control
                .login(&Actor::anonymous(), &name, &"wrong password".into())
                .await;
            best[which] = begun.elapsed().as_secs_f64().min(best[which]);
            assert_eq!(code(refused), "unauthenticated");
        }
        if round > 5 && (0.8..1.25).contains(&(best[0] / best[1])) {
            return;
        }
    }
    panic!("{best:?} seconds");
}

#[tokio::test]
async fn too_many_failures_close_a_name_for_everybody_and_say_when_to_come_back() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    control
        .register(&Actor::anonymous(), "anna", &password(), None)
        .await
        .unwrap();
    for name in ["anna", "nobody"] {
        for attempt in 0..10 {
            let address = format!("192.0.2.{attempt}");
            let refused = control
                .login(&from(&address), name, &"wrong password".into())
                .await;
            assert_eq!(code(refused), "unauthenticated", "{name} {attempt}");
        }
        let error = control
            .login(&from("203.0.113.1"), name, &password())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited, "{name}");
        assert!(matches!(error.retry(), Retry::After(Some(_))), "{name}");
    }
    // A second process that shares the cache knows.
    let other = scene.control().await;
    assert_eq!(
        code(other.login(&from("203.0.113.1"), "anna", &password()).await),
        "rate_limited"
    );
}

#[tokio::test]
async fn guesses_at_the_same_moment_are_no_way_round_the_limit() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    control
        .register(&Actor::anonymous(), "anna", &password(), None)
        .await
        .unwrap();
    let guesses = (0..60).map(|guess| {
        let control = control.clone();
        async move {
            let guess = format!("wrong password {guess}");
            code(
                control
                    .login(&Actor::anonymous(), "anna", &guess.into())
                    .await,
            )
        }
    });
    let answers = futures::future::join_all(guesses).await;
    let tried = answers
        .iter()
        .filter(|code| **code == "unauthenticated")
        .count();
    assert!((10..=14).contains(&tried), "{tried} were tried");
}

#[tokio::test]
async fn a_bcrypt_hash_that_was_brought_along_opens_and_is_made_anew() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let new = NewUser {
            username: "anna".to_owned(),
            password: None,
            role: Role::Developer,
            email: None,
        };
        let user = control.create_user(&system(), new).await.unwrap();
        // Made by another program, of the password above.
        let brought = PasswordHash::new(bcrypt(PASSWORD));
        scene
            .store
            .set_password(user.id, &brought, scene.now())
            .await
            .unwrap();

        let wrong = control
            .login(&Actor::anonymous(), "anna", &"wrong password".into())
            .await;
        assert_eq!(code(wrong), "unauthenticated");
        let before = scene.trail_len().await;
        control
            .login(&Actor::anonymous(), "anna", &password())
            .await
            .unwrap();
        assert_eq!(
            scene.trail_len().await,
            before + 1,
            "one record of one login"
        );
        let stored = scene.store.password_hash(user.id).await.unwrap().unwrap();
        assert!(stored.expose().starts_with("$argon2id$"));
        control
            .login(&Actor::anonymous(), "anna", &password())
            .await
            .unwrap();
    }
}

fn bcrypt(password: &str) -> String {
    bcrypt::hash(password, 4).unwrap()
}

fn profile(subject: &str) -> ExternalProfile {
    ExternalProfile {
        issuer: "https://id.example".to_owned(),
        subject: subject.to_owned(),
        username: Some("anna".to_owned()),
        email: Some("anna@example.com".to_owned()),
    }
}

#[tokio::test]
async fn a_provider_of_identities_opens_the_account_of_its_subject_and_no_other() {
    for scene in Scene::each().await {
        let control = scene.open_control().await;
        let anonymous = Actor::anonymous();
        let early = control.login_external(&anonymous, &profile("1")).await;
        assert_eq!(
            code(early),
            "permission_denied",
            "nobody owns an installation that way"
        );
        let anna = control
            .register(&anonymous, "anna", &password(), Some("anna@example.com"))
            .await
            .unwrap();

        // The same name and the same address are no reason to be let in.
        let one = control
            .login_external(&anonymous, &profile("1"))
            .await
            .unwrap();
        assert_ne!(one.user.id, anna.user.id);
        assert_eq!(
            (one.user.username.as_str(), one.user.role),
            ("anna-2", Role::Viewer)
        );
        let again = control
            .login_external(&anonymous, &profile("1"))
            .await
            .unwrap();
        assert_eq!(again.user.id, one.user.id);
        let other = control
            .login_external(&anonymous, &profile("2"))
            .await
            .unwrap();
        assert_ne!(other.user.id, one.user.id);

        let disabled = UserChange {
            disabled: Some(true),
            ..UserChange::default()
        };
        control
            .update_user(&system(), one.user.id, None, disabled)
            .await
            .unwrap();
        assert_eq!(
            code(control.login_external(&anonymous, &profile("1")).await),
            "unauthenticated"
        );
    }
}

#[tokio::test]
async fn a_provider_makes_no_accounts_where_people_make_none_for_themselves() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    control
        .register(&Actor::anonymous(), "owner", &password(), None)
        .await
        .unwrap();
    let refused = control
        .login_external(&Actor::anonymous(), &profile("1"))
        .await;
    assert_eq!(code(refused), "permission_denied");
}
