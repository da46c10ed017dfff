//! The audit log, and that a change and its record are one transaction.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::credential::credential;
use super::database::database;
use super::scene::{
    Scene, append, application, entry, new_deployment, now, project, refused, session, team, token,
    unique, user,
};
use crate::deployment::EventKind;
use crate::error::{ErrorKind, Result};
use crate::model::audit::verify;
use crate::model::{
    AuditEntry, AuditHead, AuditOutcome, AuditRecord, ExternalIdentity, PasswordHash, Project, Role,
};
use crate::store::audit::scope;
use crate::store::{AuditFilter, Store};

/// The whole chain, checked.
async fn chain(store: &Arc<dyn Store>) -> Vec<AuditRecord> {
    let records = store.audit_chain(0, u32::MAX).await.unwrap();
    let head = verify(AuditHead::empty(), &records).unwrap();
    assert_eq!(store.audit_head().await.unwrap(), head);
    records
}

pub async fn records_form_a_chain_that_can_be_checked(store: Arc<dyn Store>) {
    assert_eq!(store.audit_head().await.unwrap(), AuditHead::empty());
    let mut appended = Vec::new();
    for number in 1..=5 {
        let entry = AuditEntry {
            request_id: Some(unique("request")),
            ..entry("project.create")
        };
        let record = store.append_audit(&entry).await.unwrap();
        assert_eq!((record.seq, &record.entry), (number, &entry));
        appended.push(record);
    }
    assert_eq!(chain(&store).await, appended);
    // In parts, too.
    let first = store.audit_chain(0, 2).await.unwrap();
    assert_eq!(first, appended[..2]);
    let rest = store.audit_chain(2, 10).await.unwrap();
    assert_eq!(rest, appended[2..]);
    let middle = verify(AuditHead::empty(), &first).unwrap();
    assert_eq!(verify(middle, &rest).unwrap(), appended[4].head());
}

pub async fn racing_writers_make_one_unbroken_chain(store: Arc<dyn Store>) {
    let mut writers = JoinSet::new();
    for writer in 0..20 {
        let store = store.clone();
        writers.spawn(async move {
            for number in 0..5 {
                let entry = entry(&format!("writer.{writer}.{number}"));
                if number % 2 == 0 {
                    store.append_audit(&entry).await.unwrap();
                    continue;
                }
                // Every other one together with a change.
                let project = project();
                let (created, left) = scope(entry, store.create_project(&project)).await;
                created.unwrap();
                assert_eq!(left, None);
            }
        });
    }
    writers.join_all().await;
    let records = chain(&store).await;
    assert_eq!(records.len(), 100);
    let actions: BTreeSet<_> = records
        .iter()
        .map(|record| record.entry.action.as_str())
        .collect();
    assert_eq!(actions.len(), 100);
}

pub async fn a_change_that_is_refused_leaves_no_record(store: Arc<dyn Store>) {
    let first = project();
    store.create_project(&first).await.unwrap();
    let same_name = Project {
        name: first.name.clone(),
        ..project()
    };
    let attempt = entry("project.create");
    let (created, left) = scope(attempt.clone(), store.create_project(&same_name)).await;
    refused(created, ErrorKind::AlreadyExists);
    assert_eq!(left, Some(attempt));
    assert_eq!(chain(&store).await, []);

    // Nor does one that finds nothing to do.
    let absent = project().id;
    let attempt = entry("project.delete");
    let (deleted, left) = scope(attempt.clone(), store.delete_project(absent, now())).await;
    deleted.unwrap();
    assert_eq!(left, Some(attempt));
    assert_eq!(chain(&store).await, []);
}

pub async fn an_attempt_that_succeeds_after_a_refusal_leaves_one_record(store: Arc<dyn Store>) {
    let first = project();
    store.create_project(&first).await.unwrap();
    let attempts = async {
        let taken = Project {
            name: first.name.clone(),
            ..project()
        };
        refused(store.create_project(&taken).await, ErrorKind::AlreadyExists);
        store.create_project(&project()).await.unwrap();
    };
    let ((), left) = scope(entry("project.create"), attempts).await;
    assert_eq!(left, None);
    assert_eq!(chain(&store).await.len(), 1);
}

pub async fn one_scope_leaves_one_record_for_its_first_change(store: Arc<dyn Store>) {
    let changes = async {
        for _ in 0..3 {
            store.create_project(&project()).await.unwrap();
        }
    };
    let ((), left) = scope(entry("project.create"), changes).await;
    assert_eq!(left, None);
    assert_eq!(chain(&store).await.len(), 1);
    // Outside of a scope there is none.
    store.create_project(&project()).await.unwrap();
    assert_eq!(chain(&store).await.len(), 1);
}

type Work<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// Runs each change in a scope of its own and asserts that it left its record.
async fn assert_recorded(store: &Arc<dyn Store>, changes: Vec<(&'static str, Work<'_>)>) {
    for (action, work) in changes {
        let before = store.audit_head().await.unwrap().seq;
        let entry = entry(action);
        let (done, left) = scope(entry.clone(), work).await;
        done.unwrap_or_else(|error| panic!("{action}: {error:?}"));
        assert_eq!(left, None, "{action}");
        let records = store.audit_chain(before, 10).await.unwrap();
        let entries: Vec<_> = records.into_iter().map(|record| record.entry).collect();
        assert_eq!(entries, [entry], "{action}");
    }
}

macro_rules! work {
    ($($action:literal: $work:expr),+ $(,)?) => {
        vec![$(($action, Box::pin(async { $work.await.map(drop) }) as Work<'_>)),+]
    };
}

pub async fn every_change_of_what_is_deployed_leaves_its_record(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let (project, own) = (project(), &scene.application);
    let (credential, added) = (credential(), application(scene.project.id));
    let (database, of_database) = database(scene.project.id);
    let new = new_deployment(own);
    let id = new.deployment.id;
    let asked = [EventKind::CancelRequested { actor: None }];
    let cancel = append(id, new.deployment.state.clone(), asked, None);
    let changes = work![
        "project.create": store.create_project(&project),
        "project.update": store.update_project(&project),
        "project.delete": store.delete_project(project.id, now()),
        "application.create": store.create_application(&added),
        "application.update": store.update_application(own),
        "application.delete": store.delete_application(added.id, now()),
        "application.deploy": store.create_deployment(&new),
        "deployment.cancel": store.append_events(&cancel),
        "credential.create": store.create_credential(&credential),
        "credential.delete": store.delete_credential(credential.id, now()),
        "database.create": store.create_database(&database, &of_database),
        "database.update": store.update_database(&database),
        "application.delete": store.delete_application(of_database.id, now()),
        "database.delete": store.delete_database(database.id, now()),
    ];
    assert_recorded(&store, changes).await;
    chain(&store).await;
}

pub async fn every_change_of_who_may_do_what_leaves_its_record(store: Arc<dyn Store>) {
    let (owner, other, external) = (
        user(Role::Owner),
        user(Role::Developer),
        user(Role::Developer),
    );
    let (own_team, hash) = (team(), PasswordHash::new("$argon2id$hash"));
    let sessions = [session(owner.id), session(owner.id)];
    let token = token(owner.id);
    let identities = [external.id, owner.id].map(|user_id| ExternalIdentity {
        issuer: "https://login.example.com".to_owned(),
        subject: unique("subject"),
        user_id,
    });
    let changes = work![
        "auth.register": store.create_first_user(&owner, Some(&hash)),
        "user.create": store.create_user(&other, None),
        "auth.external": store.create_external_user(&external, &identities[0]),
        "user.link": store.link_identity(&identities[1]),
        "user.update": store.update_user(&other),
        "user.password": store.set_password(other.id, &hash, now()),
        "team.create": store.create_team(&own_team),
        "team.update": store.update_team(&own_team),
        "team.add": store.add_member(own_team.id, other.id, now()),
        "team.remove": store.remove_member(own_team.id, other.id),
        "team.delete": store.delete_team(own_team.id, now()),
        "auth.login": store.create_session(&sessions[0]),
        "auth.login": store.create_session(&sessions[1]),
        "auth.logout": store.revoke_session(sessions[0].id),
        "auth.logout": store.revoke_sessions(owner.id, None),
        "token.create": store.create_token(&token, "digest"),
        "token.revoke": store.revoke_token(token.id, now()),
        "user.delete": store.delete_user(other.id, now()),
    ];
    assert_recorded(&store, changes).await;
    chain(&store).await;
}

pub async fn what_nobody_decided_leaves_no_record(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let owner = user(Role::Owner);
    store.create_user(&owner, None).await.unwrap();
    let token = token(owner.id);
    store.create_token(&token, "digest").await.unwrap();
    scene.deploy().await;
    let background = async {
        store.touch_token(token.id, now()).await.unwrap();
        store.purge_sessions(now()).await.unwrap();
        store.setting_or_insert("name", "value").await.unwrap();
        scene.claim().await;
    };
    let ((), left) = scope(entry("nothing"), background).await;
    assert!(left.is_some());
    assert_eq!(chain(&store).await, []);
}

pub async fn records_are_listed_by_what_is_asked_newest_first(store: Arc<dyn Store>) {
    let (actors, actions) = (["ada", "bob"], ["project.create", "project.delete"]);
    let outcomes = [AuditOutcome::Done, AuditOutcome::Denied];
    for number in 0..16 {
        let entry = AuditEntry {
            actor: actors[number % 2].to_owned(),
            resource: format!("project:{}", number / 2 % 2),
            outcome: outcomes[number / 4 % 2],
            ..entry(actions[number / 8])
        };
        store.append_audit(&entry).await.unwrap();
    }
    let mut records = chain(&store).await;
    records.reverse();
    for case in 0..16 {
        let asked = |bit: u32, value: &str| (case >> bit & 1 == 1).then(|| value.to_owned());
        let filter = AuditFilter {
            actor: asked(0, "ada"),
            action: asked(1, "project.delete"),
            resource: asked(2, "project:1"),
            outcome: (case >> 3 & 1 == 1).then_some(AuditOutcome::Denied),
        };
        let is = |asked: &Option<String>, value: &String| {
            asked.as_ref().is_none_or(|asked| asked == value)
        };
        let expected: Vec<_> = records
            .iter()
            .filter(|AuditRecord { entry, .. }| {
                is(&filter.actor, &entry.actor)
                    && is(&filter.action, &entry.action)
                    && is(&filter.resource, &entry.resource)
                    && filter.outcome.is_none_or(|asked| asked == entry.outcome)
            })
            .cloned()
            .collect();
        assert!(!expected.is_empty());
        let mut listed: Vec<AuditRecord> = Vec::new();
        loop {
            let before = listed.last().map(|record| record.seq);
            let page = store.list_audit(&filter, before, 3).await.unwrap();
            assert!(page.len() <= 3);
            if page.is_empty() {
                break;
            }
            listed.extend(page);
        }
        assert_eq!(listed, expected, "{filter:?}");
    }
}
