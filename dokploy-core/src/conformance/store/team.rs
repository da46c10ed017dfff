//! Teams and their members.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::scene::{now, project, refused, team, unique, user};
use crate::error::ErrorKind;
use crate::id::{TeamId, UserId};
use crate::model::{PageRequest, Project, Role, Team, User};
use crate::store::Store;

async fn stored(store: &Arc<dyn Store>) -> Team {
    let team = team();
    store.create_team(&team).await.unwrap();
    team
}

async fn stored_user(store: &Arc<dyn Store>) -> User {
    let user = user(Role::Developer);
    store.create_user(&user, None).await.unwrap();
    user
}

pub async fn create_team_refuses_a_name_or_id_that_is_taken(store: Arc<dyn Store>) {
    let first = stored(&store).await;
    let same_name = Team {
        name: first.name.clone(),
        ..team()
    };
    let same_id = Team {
        id: first.id,
        ..team()
    };
    for taken in [&same_name, &same_id] {
        let created = store.create_team(taken).await;
        refused(created, ErrorKind::AlreadyExists);
    }
    store.delete_team(first.id, now()).await.unwrap();
    assert_eq!(store.find_team(first.id).await.unwrap(), None);
    store.create_team(&same_name).await.unwrap();
    let found = store.find_team(same_name.id).await.unwrap();
    assert_eq!(found, Some(same_name));
}

pub async fn update_team_stores_the_next_version_or_says_why_not(store: Arc<dyn Store>) {
    let (first, second) = (stored(&store).await, stored(&store).await);
    let changed = Team {
        name: unique("renamed"),
        updated_at: now(),
        ..first.clone()
    };
    let updated = store.update_team(&changed).await.unwrap();
    let expected = Team {
        version: first.version + 1,
        ..changed
    };
    assert_eq!(updated, expected);
    assert_eq!(store.find_team(first.id).await.unwrap(), Some(updated));
    refused(store.update_team(&first).await, ErrorKind::Conflict);
    let taken = Team {
        name: expected.name,
        ..second
    };
    refused(store.update_team(&taken).await, ErrorKind::AlreadyExists);
    refused(store.update_team(&team()).await, ErrorKind::NotFound);
}

pub async fn delete_team_is_refused_while_a_project_belongs_to_it(store: Arc<dyn Store>) {
    let team = stored(&store).await;
    let project = Project {
        team_id: Some(team.id),
        ..project()
    };
    store.create_project(&project).await.unwrap();
    let deleted = store.delete_team(team.id, now()).await;
    refused(deleted, ErrorKind::Conflict);
    store.delete_project(project.id, now()).await.unwrap();
    store.delete_team(team.id, now()).await.unwrap();
    store.delete_team(team.id, now()).await.unwrap();
    store.delete_team(TeamId::new(), now()).await.unwrap();
}

pub async fn a_project_is_never_given_to_a_team_that_is_deleted_meanwhile(store: Arc<dyn Store>) {
    for _ in 0..10 {
        let team = stored(&store).await;
        let project = Project {
            team_id: Some(team.id),
            ..project()
        };
        let mut race = JoinSet::new();
        let (creator, deleter) = (store.clone(), store.clone());
        race.spawn(async move { creator.create_project(&project).await.is_ok() });
        race.spawn(async move { deleter.delete_team(team.id, now()).await.is_ok() });
        let succeeded = race.join_all().await;
        assert_eq!(succeeded.iter().filter(|done| **done).count(), 1);
    }
}

pub async fn a_project_needs_an_owner_and_a_team_that_are_there(store: Arc<dyn Store>) {
    let (user, team) = (stored_user(&store).await, stored(&store).await);
    let whole = Project {
        owner_id: Some(user.id),
        team_id: Some(team.id),
        ..project()
    };
    store.create_project(&whole).await.unwrap();
    let found = store.find_project(whole.id).await.unwrap();
    assert_eq!(found, Some(whole.clone()));
    let without_owner = Project {
        owner_id: Some(UserId::new()),
        ..whole.clone()
    };
    let without_team = Project {
        team_id: Some(TeamId::new()),
        ..whole.clone()
    };
    for project in [without_owner, without_team] {
        refused(store.update_project(&project).await, ErrorKind::NotFound);
        let new = Project {
            id: super::scene::project().id,
            name: unique("project"),
            ..project
        };
        refused(store.create_project(&new).await, ErrorKind::NotFound);
    }
    let given_away = Project {
        owner_id: None,
        team_id: None,
        ..whole
    };
    let updated = store.update_project(&given_away).await.unwrap();
    assert_eq!((updated.owner_id, updated.team_id), (None, None));
}

pub async fn members_are_added_listed_and_removed(store: Arc<dyn Store>) {
    let (team, other) = (stored(&store).await, stored(&store).await);
    let users = [
        stored_user(&store).await,
        stored_user(&store).await,
        stored_user(&store).await,
    ];
    for user in &users {
        store.add_member(team.id, user.id, now()).await.unwrap();
    }
    let [first, second, third] = users;
    store.add_member(team.id, first.id, now()).await.unwrap();
    store.add_member(other.id, first.id, now()).await.unwrap();
    let request = PageRequest {
        limit: 2,
        before: None,
    };
    let page = store.members(team.id, request).await.unwrap();
    assert_eq!(page.items, [third.clone(), second.clone()]);
    let rest = PageRequest {
        before: page.next,
        ..request
    };
    let page = store.members(team.id, rest).await.unwrap();
    assert_eq!((page.items, page.next), (vec![first.clone()], None));

    store.remove_member(team.id, second.id).await.unwrap();
    store.remove_member(team.id, second.id).await.unwrap();
    let page = store.members(team.id, PageRequest::first()).await.unwrap();
    assert_eq!(page.items, [third, first]);
}

pub async fn a_member_needs_a_user_and_a_team_that_are_there(store: Arc<dyn Store>) {
    let (team, user) = (stored(&store).await, stored_user(&store).await);
    let to_nothing = store.add_member(TeamId::new(), user.id, now()).await;
    refused(to_nothing, ErrorKind::NotFound);
    let nobody = store.add_member(team.id, UserId::new(), now()).await;
    refused(nobody, ErrorKind::NotFound);
    store.delete_team(team.id, now()).await.unwrap();
    let to_deleted = store.add_member(team.id, user.id, now()).await;
    refused(to_deleted, ErrorKind::NotFound);
}

pub async fn list_teams_gives_all_or_those_of_a_member_newest_first(store: Arc<dyn Store>) {
    let user = stored_user(&store).await;
    let teams = [
        stored(&store).await,
        stored(&store).await,
        stored(&store).await,
    ];
    let [first, second, third] = teams;
    for team in [&first, &third] {
        store.add_member(team.id, user.id, now()).await.unwrap();
    }
    let all = store.list_teams(None, PageRequest::first()).await.unwrap();
    assert_eq!(all.items, [third.clone(), second.clone(), first.clone()]);
    let own = store.list_teams(Some(user.id), PageRequest::first());
    assert_eq!(own.await.unwrap().items, [third.clone(), first.clone()]);
    store.delete_team(third.id, now()).await.unwrap();
    let own = store.list_teams(Some(user.id), PageRequest::first());
    assert_eq!(own.await.unwrap().items, [first]);
}
