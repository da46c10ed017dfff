//! Users, and what proves who they are.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::scene::{now, refused, session, token, unique, user};
use crate::error::{ErrorKind, Result};
use crate::id::UserId;
use crate::model::{ExternalIdentity, PageRequest, PasswordHash, Role, Team, User};
use crate::store::Store;

/// A stored user.
async fn stored(store: &Arc<dyn Store>, role: Role) -> User {
    let user = user(role);
    store.create_user(&user, None).await.unwrap();
    user
}

fn identity(user: UserId) -> ExternalIdentity {
    ExternalIdentity {
        issuer: "https://login.example.com".to_owned(),
        subject: unique("subject"),
        user_id: user,
    }
}

pub async fn a_user_is_found_by_id_and_by_name_in_any_case(store: Arc<dyn Store>) {
    let user = User {
        username: "Ada.Lovelace".to_owned(),
        email: Some("ada@example.com".to_owned()),
        ..user(Role::Developer)
    };
    store.create_user(&user, None).await.unwrap();
    assert_eq!(store.find_user(user.id).await.unwrap(), Some(user.clone()));
    for name in ["Ada.Lovelace", "ada.lovelace", "ADA.LOVELACE"] {
        let found = store.find_user_by_username(name).await.unwrap();
        assert_eq!(found, Some(user.clone()), "{name}");
    }
    let absent = store.find_user_by_username("ada").await.unwrap();
    assert_eq!(absent, None);
    assert_eq!(store.find_user(UserId::new()).await.unwrap(), None);
}

pub async fn create_user_refuses_a_name_in_any_case_or_an_id_that_is_taken(store: Arc<dyn Store>) {
    let first = User {
        username: "Ada".to_owned(),
        ..user(Role::Owner)
    };
    store.create_user(&first, None).await.unwrap();
    let same_name = User {
        username: "aDA".to_owned(),
        ..user(Role::Viewer)
    };
    let same_id = User {
        id: first.id,
        ..user(Role::Viewer)
    };
    for taken in [same_name, same_id] {
        let created = store.create_user(&taken, None).await;
        refused(created, ErrorKind::AlreadyExists);
    }
    assert_eq!(store.find_user(first.id).await.unwrap(), Some(first));
}

pub async fn of_many_first_users_one_is_made(store: Arc<dyn Store>) {
    let mut race = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        race.spawn(async move { store.create_first_user(&user(Role::Owner), None).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = race.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for result in lost {
        refused(result, ErrorKind::Conflict);
    }
    let users = store.list_users(PageRequest::first()).await.unwrap();
    assert_eq!(users.items.len(), 1);
}

pub async fn create_first_user_is_refused_once_there_is_any(store: Arc<dyn Store>) {
    stored(&store, Role::Owner).await;
    let other = stored(&store, Role::Viewer).await;
    store.delete_user(other.id, now()).await.unwrap();
    let created = store.create_first_user(&user(Role::Owner), None).await;
    refused(created, ErrorKind::Conflict);
}

pub async fn update_user_stores_the_next_version(store: Arc<dyn Store>) {
    stored(&store, Role::Owner).await;
    let first = stored(&store, Role::Viewer).await;
    let changed = User {
        username: unique("Renamed"),
        email: Some("new@example.com".to_owned()),
        role: Role::Admin,
        disabled: true,
        updated_at: now(),
        ..first.clone()
    };
    let updated = store.update_user(&changed).await.unwrap();
    let expected = User {
        version: first.version + 1,
        ..changed
    };
    assert_eq!(updated, expected);
    let name = updated.username.to_uppercase();
    let found = store.find_user_by_username(&name).await.unwrap();
    assert_eq!(found, Some(updated));
    let before = store.find_user_by_username(&first.username).await.unwrap();
    assert_eq!(before, None);
}

pub async fn update_user_refuses_what_is_stale_taken_or_absent(store: Arc<dyn Store>) {
    let owner = stored(&store, Role::Owner).await;
    let first = stored(&store, Role::Viewer).await;
    store.update_user(&first).await.unwrap();
    refused(store.update_user(&first).await, ErrorKind::Conflict);
    let named_alike = User {
        username: owner.username.to_uppercase(),
        version: first.version + 1,
        ..first.clone()
    };
    let updated = store.update_user(&named_alike).await;
    refused(updated, ErrorKind::AlreadyExists);
    let absent = user(Role::Viewer);
    refused(store.update_user(&absent).await, ErrorKind::NotFound);
    store.delete_user(first.id, now()).await.unwrap();
    let deleted = User {
        version: first.version + 1,
        ..first
    };
    refused(store.update_user(&deleted).await, ErrorKind::NotFound);
}

pub async fn a_password_is_kept_apart_and_replaced(store: Arc<dyn Store>) {
    let user = user(Role::Owner);
    let first = PasswordHash::new("$argon2id$first");
    store.create_user(&user, Some(&first)).await.unwrap();
    assert_eq!(store.password_hash(user.id).await.unwrap(), Some(first));
    let second = PasswordHash::new("$argon2id$second");
    store.set_password(user.id, &second, now()).await.unwrap();
    assert_eq!(store.password_hash(user.id).await.unwrap(), Some(second));

    let without = stored(&store, Role::Viewer).await;
    assert_eq!(store.password_hash(without.id).await.unwrap(), None);
    let absent = UserId::new();
    assert_eq!(store.password_hash(absent).await.unwrap(), None);
    let hash = PasswordHash::new("$argon2id$third");
    let set = store.set_password(absent, &hash, now()).await;
    refused(set, ErrorKind::NotFound);
}

pub async fn an_identity_belongs_to_one_user(store: Arc<dyn Store>) {
    let user = stored(&store, Role::Owner).await;
    let other = stored(&store, Role::Viewer).await;
    let identity = identity(user.id);
    let find = || store.find_user_by_identity(&identity.issuer, &identity.subject);
    assert_eq!(find().await.unwrap(), None);
    store.link_identity(&identity).await.unwrap();
    assert_eq!(find().await.unwrap(), Some(user));

    let taken = ExternalIdentity {
        user_id: other.id,
        ..identity.clone()
    };
    let linked = store.link_identity(&taken).await;
    refused(linked, ErrorKind::AlreadyExists);
    // The same subject of another provider is somebody else.
    let elsewhere = ExternalIdentity {
        issuer: "https://login.example.org".to_owned(),
        ..taken
    };
    store.link_identity(&elsewhere).await.unwrap();
    let nobody = ExternalIdentity {
        subject: unique("subject"),
        user_id: UserId::new(),
        ..identity
    };
    refused(store.link_identity(&nobody).await, ErrorKind::NotFound);
}

pub async fn an_external_user_and_his_identity_are_made_together_or_not_at_all(
    store: Arc<dyn Store>,
) {
    let first = user(Role::Developer);
    let identity = identity(first.id);
    store.create_external_user(&first, &identity).await.unwrap();
    let found = store.find_user_by_identity(&identity.issuer, &identity.subject);
    assert_eq!(found.await.unwrap(), Some(first.clone()));

    let second = user(Role::Developer);
    let taken = ExternalIdentity {
        user_id: second.id,
        ..identity
    };
    let created = store.create_external_user(&second, &taken).await;
    refused(created, ErrorKind::AlreadyExists);
    assert_eq!(store.find_user(second.id).await.unwrap(), None);
}

pub async fn the_last_owner_is_neither_deleted_nor_disabled_nor_given_another_role(
    store: Arc<dyn Store>,
) {
    let owner = stored(&store, Role::Owner).await;
    stored(&store, Role::Admin).await;
    // One who may not sign in does not count.
    let disabled = User {
        disabled: true,
        ..user(Role::Owner)
    };
    store.create_user(&disabled, None).await.unwrap();
    assert_eq!(store.count_owners().await.unwrap(), 1);
    let disabling = User {
        disabled: true,
        ..owner.clone()
    };
    let demoting = User {
        role: Role::Admin,
        ..owner.clone()
    };
    for change in [disabling, demoting] {
        refused(store.update_user(&change).await, ErrorKind::Conflict);
    }
    let deleted = store.delete_user(owner.id, now()).await;
    refused(deleted, ErrorKind::Conflict);
    assert_eq!(
        store.find_user(owner.id).await.unwrap(),
        Some(owner.clone())
    );

    let second = stored(&store, Role::Owner).await;
    assert_eq!(store.count_owners().await.unwrap(), 2);
    store.delete_user(owner.id, now()).await.unwrap();
    let deleted = store.delete_user(second.id, now()).await;
    refused(deleted, ErrorKind::Conflict);
}

/// Takes an owner away, in one of the ways there are.
async fn take_away(store: Arc<dyn Store>, owner: User, way: usize) -> Result<()> {
    match way {
        0 => store.delete_user(owner.id, now()).await,
        1 => {
            let disabled = User {
                disabled: true,
                ..owner
            };
            store.update_user(&disabled).await.map(drop)
        }
        _ => {
            let demoted = User {
                role: Role::Viewer,
                ..owner
            };
            store.update_user(&demoted).await.map(drop)
        }
    }
}

pub async fn of_two_callers_who_remove_the_last_two_owners_one_is_refused(store: Arc<dyn Store>) {
    let mut left = stored(&store, Role::Owner).await;
    for round in 0..18 {
        let other = stored(&store, Role::Owner).await;
        let mut race = JoinSet::new();
        race.spawn(take_away(store.clone(), left.clone(), round % 3));
        race.spawn(take_away(store.clone(), other.clone(), round / 3 % 3));
        let (won, lost): (Vec<_>, Vec<_>) =
            race.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1, "round {round}");
        for result in lost {
            refused(result, ErrorKind::Conflict);
        }
        assert_eq!(store.count_owners().await.unwrap(), 1, "round {round}");
        let first = store.find_user(left.id).await.unwrap();
        left = match first.filter(User::is_owner) {
            Some(owner) => owner,
            None => other,
        };
    }
}

pub async fn the_sessions_of_a_disabled_user_end_for_ever(store: Arc<dyn Store>) {
    stored(&store, Role::Owner).await;
    let user = stored(&store, Role::Developer).await;
    let session = session(user.id);
    store.create_session(&session).await.unwrap();
    let disabled = User {
        disabled: true,
        ..user
    };
    let disabled = store.update_user(&disabled).await.unwrap();
    let found = store.find_session(session.id, now()).await.unwrap();
    assert_eq!(found, None);
    let enabled = User {
        disabled: false,
        ..disabled
    };
    store.update_user(&enabled).await.unwrap();
    let found = store.find_session(session.id, now()).await.unwrap();
    assert_eq!(found, None);
}

pub async fn a_deleted_user_is_gone_with_everything_that_let_him_in(store: Arc<dyn Store>) {
    stored(&store, Role::Owner).await;
    let user = user(Role::Developer);
    let hash = PasswordHash::new("$argon2id$hash");
    store.create_user(&user, Some(&hash)).await.unwrap();
    let identity = identity(user.id);
    store.link_identity(&identity).await.unwrap();
    let (session, token) = (session(user.id), token(user.id));
    store.create_session(&session).await.unwrap();
    store.create_token(&token, "digest").await.unwrap();
    let team: Team = super::scene::team();
    store.create_team(&team).await.unwrap();
    store.add_member(team.id, user.id, now()).await.unwrap();

    store.delete_user(user.id, now()).await.unwrap();
    assert_eq!(store.find_user(user.id).await.unwrap(), None);
    assert_eq!(store.password_hash(user.id).await.unwrap(), None);
    let by_name = store.find_user_by_username(&user.username).await.unwrap();
    assert_eq!(by_name, None);
    let by_identity = store.find_user_by_identity(&identity.issuer, &identity.subject);
    assert_eq!(by_identity.await.unwrap(), None);
    let by_session = store.find_session(session.id, now()).await.unwrap();
    assert_eq!(by_session, None);
    let by_token = store.find_token_by_digest("digest", now()).await.unwrap();
    assert_eq!(by_token, None);
    assert_eq!(store.find_token(token.id).await.unwrap(), None);
    let members = store.members(team.id, PageRequest::first()).await.unwrap();
    assert_eq!(members.items, []);

    // Name and identity are free again.
    let next = User {
        id: UserId::new(),
        ..user.clone()
    };
    let identity = ExternalIdentity {
        user_id: next.id,
        ..identity
    };
    store.create_external_user(&next, &identity).await.unwrap();
    store.delete_user(user.id, now()).await.unwrap();
    store.delete_user(UserId::new(), now()).await.unwrap();
    assert_eq!(store.find_user(next.id).await.unwrap(), Some(next));
}

pub async fn list_users_gives_every_user_once_newest_first(store: Arc<dyn Store>) {
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(stored(&store, Role::Owner).await.id);
    }
    store.delete_user(ids.remove(2), now()).await.unwrap();
    ids.reverse();
    let mut listed = Vec::new();
    let mut before = None;
    loop {
        let request = PageRequest { limit: 2, before };
        let page = store.list_users(request).await.unwrap();
        listed.extend(page.items.into_iter().map(|user| user.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(listed, ids);
}
