//! Sessions and API tokens.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::scene::{now, refused, session, token, unique, user};
use crate::error::ErrorKind;
use crate::id::{ProjectId, SessionId, TokenId, UserId};
use crate::model::{ApiToken, PageRequest, Role, Scope, Session, User};
use crate::store::Store;

async fn stored_user(store: &Arc<dyn Store>) -> User {
    let user = user(Role::Developer);
    store.create_user(&user, None).await.unwrap();
    user
}

async fn disable(store: &Arc<dyn Store>, user: &User) -> User {
    let disabled = User {
        disabled: true,
        ..user.clone()
    };
    store.update_user(&disabled).await.unwrap()
}

pub async fn a_session_is_accepted_with_its_user_until_it_expires(store: Arc<dyn Store>) {
    store.create_user(&user(Role::Owner), None).await.unwrap();
    let user = stored_user(&store).await;
    let session = session(user.id);
    store.create_session(&session).await.unwrap();
    let accepted = store.find_session(session.id, now()).await.unwrap();
    assert_eq!(accepted, Some((session.clone(), user.clone())));
    let at_its_end = store.find_session(session.id, session.expires_at);
    assert_eq!(at_its_end.await.unwrap(), None);
    let absent = store.find_session(SessionId::new(), now()).await.unwrap();
    assert_eq!(absent, None);
    // What the user is now, and not what he was when he signed in.
    let promoted = User {
        role: Role::Admin,
        ..user
    };
    let promoted = store.update_user(&promoted).await.unwrap();
    let accepted = store.find_session(session.id, now()).await.unwrap();
    assert_eq!(accepted, Some((session, promoted)));
}

pub async fn a_revoked_session_is_over_at_once(store: Arc<dyn Store>) {
    let user = stored_user(&store).await;
    let session = session(user.id);
    store.create_session(&session).await.unwrap();
    store.revoke_session(session.id).await.unwrap();
    store.revoke_session(session.id).await.unwrap();
    let found = store.find_session(session.id, now()).await.unwrap();
    assert_eq!(found, None);
}

pub async fn all_sessions_of_a_user_end_but_one(store: Arc<dyn Store>) {
    let (user, other) = (stored_user(&store).await, stored_user(&store).await);
    let own = [session(user.id), session(user.id), session(user.id)];
    let of_other = session(other.id);
    for session in own.iter().chain([&of_other]) {
        store.create_session(session).await.unwrap();
    }
    let kept = Some(own[1].id);
    assert_eq!(store.revoke_sessions(user.id, kept).await.unwrap(), 2);
    for session in &own {
        let found = store.find_session(session.id, now()).await.unwrap();
        assert_eq!(found.is_some(), Some(session.id) == kept);
    }
    assert_eq!(store.revoke_sessions(user.id, None).await.unwrap(), 1);
    assert_eq!(store.revoke_sessions(user.id, None).await.unwrap(), 0);
    let found = store.find_session(of_other.id, now()).await.unwrap();
    assert!(found.is_some());
}

pub async fn who_is_absent_deleted_or_disabled_gets_neither_session_nor_token(
    store: Arc<dyn Store>,
) {
    store.create_user(&user(Role::Owner), None).await.unwrap();
    let disabled = disable(&store, &stored_user(&store).await).await;
    let deleted = stored_user(&store).await;
    store.delete_user(deleted.id, now()).await.unwrap();
    for id in [disabled.id, deleted.id, UserId::new()] {
        let created = store.create_session(&session(id)).await;
        refused(created, ErrorKind::NotFound);
        let created = store.create_token(&token(id), &unique("digest")).await;
        refused(created, ErrorKind::NotFound);
    }
}

pub async fn no_session_outlives_the_disabling_of_its_user(store: Arc<dyn Store>) {
    store.create_user(&user(Role::Owner), None).await.unwrap();
    for _ in 0..10 {
        let user = stored_user(&store).await;
        let session = session(user.id);
        let mut race = JoinSet::new();
        let (signing_in, created) = (store.clone(), session.clone());
        race.spawn(async move {
            let _ = signing_in.create_session(&created).await;
        });
        let (disabling, disabled) = (store.clone(), user.clone());
        race.spawn(async move {
            disable(&disabling, &disabled).await;
        });
        race.join_all().await;
        let disabled = store.find_user(user.id).await.unwrap().unwrap();
        let enabled = User {
            disabled: false,
            ..disabled
        };
        store.update_user(&enabled).await.unwrap();
        let found = store.find_session(session.id, now()).await.unwrap();
        assert_eq!(found, None);
    }
}

pub async fn purge_sessions_forgets_those_that_expired(store: Arc<dyn Store>) {
    let user = stored_user(&store).await;
    let soon = session(user.id);
    let later = Session {
        expires_at: soon.expires_at.plus(Duration::from_hours(1)),
        ..session(user.id)
    };
    for session in [&soon, &later] {
        store.create_session(session).await.unwrap();
    }
    let before = soon.expires_at.plus(Duration::from_secs(1));
    assert_eq!(store.purge_sessions(before).await.unwrap(), 1);
    assert_eq!(store.purge_sessions(before).await.unwrap(), 0);
    let found = store.find_session(later.id, now()).await.unwrap();
    assert_eq!(found, Some((later, user)));
}

pub async fn a_token_is_accepted_by_its_digest_with_its_user(store: Arc<dyn Store>) {
    store.create_user(&user(Role::Owner), None).await.unwrap();
    let user = stored_user(&store).await;
    let limited = ApiToken {
        scopes: BTreeSet::from([Scope::Read, Scope::Deploy]),
        project_ids: Some(vec![ProjectId::new(), ProjectId::new()]),
        expires_at: Some(now().plus(Duration::from_hours(1))),
        ..token(user.id)
    };
    let unlimited = token(user.id);
    store.create_token(&limited, "first").await.unwrap();
    store.create_token(&unlimited, "second").await.unwrap();
    let found = store.find_token_by_digest("first", now()).await.unwrap();
    assert_eq!(found, Some((limited.clone(), user.clone())));
    let found = store.find_token_by_digest("second", now()).await.unwrap();
    assert_eq!(found, Some((unlimited.clone(), user.clone())));
    let later = now().plus(Duration::from_hours(2));
    let expired = store.find_token_by_digest("first", later).await.unwrap();
    assert_eq!(expired, None);
    let lasting = store.find_token_by_digest("second", later).await.unwrap();
    assert!(lasting.is_some());
    let absent = store.find_token_by_digest("third", now()).await.unwrap();
    assert_eq!(absent, None);

    disable(&store, &user).await;
    let found = store.find_token_by_digest("second", now()).await.unwrap();
    assert_eq!(found, None);
}

pub async fn create_token_refuses_a_digest_or_id_that_is_taken(store: Arc<dyn Store>) {
    let user = stored_user(&store).await;
    let first = token(user.id);
    store.create_token(&first, "digest").await.unwrap();
    store.revoke_token(first.id, now()).await.unwrap();
    let created = store.create_token(&token(user.id), "digest").await;
    refused(created, ErrorKind::AlreadyExists);
    let same_id = ApiToken {
        id: first.id,
        ..token(user.id)
    };
    let created = store.create_token(&same_id, "other").await;
    refused(created, ErrorKind::AlreadyExists);
}

pub async fn a_revoked_token_is_over_at_once(store: Arc<dyn Store>) {
    let user = stored_user(&store).await;
    let revoked = token(user.id);
    store.create_token(&revoked, "digest").await.unwrap();
    store.revoke_token(revoked.id, now()).await.unwrap();
    store.revoke_token(revoked.id, now()).await.unwrap();
    store.revoke_token(TokenId::new(), now()).await.unwrap();
    assert_eq!(store.find_token(revoked.id).await.unwrap(), None);
    let found = store.find_token_by_digest("digest", now()).await.unwrap();
    assert_eq!(found, None);
    let listed = store.list_tokens(Some(user.id), PageRequest::first());
    assert_eq!(listed.await.unwrap().items, []);
}

pub async fn list_tokens_gives_those_of_a_user_or_all_newest_first(store: Arc<dyn Store>) {
    let (user, other) = (stored_user(&store).await, stored_user(&store).await);
    let tokens = [token(user.id), token(other.id), token(user.id)];
    for token in &tokens {
        store.create_token(token, &unique("digest")).await.unwrap();
    }
    let [first, second, third] = tokens;
    let found = store.find_token(second.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&second));
    let all = store.list_tokens(None, PageRequest::first()).await.unwrap();
    assert_eq!(all.items, [third.clone(), second, first.clone()]);
    let request = PageRequest {
        limit: 1,
        before: None,
    };
    let page = store.list_tokens(Some(user.id), request).await.unwrap();
    assert_eq!(page.items, [third]);
    let rest = PageRequest {
        before: page.next,
        ..request
    };
    let page = store.list_tokens(Some(user.id), rest).await.unwrap();
    assert_eq!((page.items, page.next), (vec![first], None));
}

pub async fn the_last_use_of_a_token_is_known_to_the_minute(store: Arc<dyn Store>) {
    let user = stored_user(&store).await;
    let token = token(user.id);
    store.create_token(&token, "digest").await.unwrap();
    let first = now();
    let touches = [
        (first, first),
        (first.plus(Duration::from_secs(30)), first),
        (
            first.plus(Duration::from_secs(90)),
            first.plus(Duration::from_secs(90)),
        ),
        // A clock that is behind takes nothing back.
        (first, first.plus(Duration::from_secs(90))),
    ];
    for (at, expected) in touches {
        store.touch_token(token.id, at).await.unwrap();
        let found = store.find_token(token.id).await.unwrap().unwrap();
        assert_eq!(found.last_used_at, Some(expected));
    }
    store.touch_token(TokenId::new(), first).await.unwrap();
}
