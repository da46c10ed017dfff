//! Accounts that administrators make and change.

use dokploy_core::Actor;
use dokploy_core::control::{ControlPlane, NewUser, UserChange};
use dokploy_core::model::{PageRequest, Role};

use crate::scene::{PASSWORD, Scene, code, fresh_name, password, system};

fn role(role: Role) -> UserChange {
    UserChange {
        role: Some(role),
        ..UserChange::default()
    }
}

fn disabled(disabled: bool) -> UserChange {
    UserChange {
        disabled: Some(disabled),
        ..UserChange::default()
    }
}

async fn owner(control: &ControlPlane) -> Actor {
    let anonymous = Actor::anonymous();
    let made = control
        .register(&anonymous, "owner", &password(), None)
        .await
        .unwrap();
    control.authenticate(made.token.expose()).await.unwrap()
}

#[tokio::test]
async fn the_last_owner_stays_one() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let owner = owner(&control).await;
        let id = owner.user_id().unwrap();
        for change in [role(Role::Admin), disabled(true)] {
            let refused = control.update_user(&owner, id, None, change).await;
            assert_eq!(code(refused), "conflict");
        }
        assert_eq!(code(control.delete_user(&owner, id).await), "conflict");

        let second = scene.person(&control, Role::Owner).await;
        control
            .update_user(&second, id, None, role(Role::Developer))
            .await
            .unwrap();
        let last = second.user_id().unwrap();
        assert_eq!(code(control.delete_user(&second, last).await), "conflict");
    }
}

#[tokio::test]
async fn of_two_owners_who_remove_each_other_at_the_same_moment_one_stays() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let one = scene.person(&control, Role::Owner).await;
        let two = scene.person(&control, Role::Owner).await;
        let (first, second) = tokio::join!(
            control.delete_user(&one, two.user_id().unwrap()),
            control.update_user(&two, one.user_id().unwrap(), None, role(Role::Viewer)),
        );
        let mut codes = [code(first), code(second)];
        codes.sort_unstable();
        assert_eq!(codes, ["conflict", "ok"]);
        assert_eq!(scene.store.count_owners().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn an_administrator_neither_makes_nor_touches_an_owner() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let owner = scene.person(&control, Role::Owner).await;
        let admin = scene.person(&control, Role::Admin).await;
        let id = owner.user_id().unwrap();
        let new = NewUser {
            username: fresh_name(),
            password: None,
            role: Role::Owner,
            email: None,
        };
        assert_eq!(
            code(control.create_user(&admin, new).await),
            "permission_denied"
        );
        let own = admin.user_id().unwrap();
        for (target, change) in [
            (own, role(Role::Owner)),
            (id, role(Role::Viewer)),
            (id, disabled(true)),
            (
                id,
                UserChange {
                    password: Some(PASSWORD.into()),
                    ..UserChange::default()
                },
            ),
        ] {
            let refused = control.update_user(&admin, target, None, change).await;
            assert_eq!(code(refused), "permission_denied");
        }
        assert_eq!(
            code(control.delete_user(&admin, id).await),
            "permission_denied"
        );
    }
}

#[tokio::test]
async fn a_change_on_an_old_version_is_a_conflict() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let admin = scene.person(&control, Role::Admin).await;
        let user = scene.person(&control, Role::Viewer).await;
        let id = user.user_id().unwrap();
        control
            .update_user(&admin, id, Some(1), role(Role::Developer))
            .await
            .unwrap();
        let stale = control
            .update_user(&admin, id, Some(1), role(Role::Admin))
            .await;
        assert_eq!(code(stale), "conflict");
        let listed = control.users(&admin, PageRequest::first()).await.unwrap();
        let stored = listed.items.iter().find(|user| user.id == id).unwrap();
        assert_eq!((stored.role, stored.version), (Role::Developer, 2));
    }
}

#[tokio::test]
async fn a_new_password_opens_and_the_old_one_does_not() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let owner = owner(&control).await;
        let wrong = control
            .change_password(&owner, &"wrong password".into(), &"another password".into())
            .await;
        assert_eq!(code(wrong), "permission_denied");
        let short = control
            .change_password(&owner, &password(), &"short".into())
            .await;
        assert_eq!(short.unwrap_err().violations()[0].field, "newPassword");

        let changed = control
            .change_password(&owner, &password(), &"another password".into())
            .await
            .unwrap();
        control.authenticate(changed.token.expose()).await.unwrap();
        assert_eq!(code(control.recheck(&owner).await), "unauthenticated");
        let anonymous = Actor::anonymous();
        let old = control.login(&anonymous, "owner", &password()).await;
        assert_eq!(code(old), "unauthenticated");
        control
            .login(&anonymous, "owner", &"another password".into())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_deleted_account_leaves_its_name_and_its_projects() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let owner = scene.person(&control, Role::Owner).await;
        let user = scene.person(&control, Role::Developer).await;
        let project = crate::scene::project_of(&control, &user).await;
        let name = user.user().unwrap().username.clone();
        control
            .delete_user(&owner, user.user_id().unwrap())
            .await
            .unwrap();
        assert_eq!(code(control.recheck(&user).await), "unauthenticated");
        control.project(&owner, project.id).await.unwrap();
        let new = NewUser {
            username: name,
            password: None,
            role: Role::Developer,
            email: None,
        };
        let namesake = control.create_user(&system(), new).await.unwrap();
        let namesake = scene.came_in(namesake).await;
        assert_eq!(
            code(control.project(&namesake, project.id).await),
            "not_found"
        );
    }
}
