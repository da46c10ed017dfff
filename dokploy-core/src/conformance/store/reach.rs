//! What a caller sees.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::database::database;
use super::scene::{application, new_deployment, now, project, team, user};
use crate::id::{ApplicationId, DatabaseId, DeploymentId, ProjectId, UserId};
use crate::model::{PageRequest, Project, Reach, Role, Team, User, UserReach};
use crate::store::{ApplicationFilter, DeploymentFilter, Store};

/// A project with one of everything in it.
#[derive(Clone, Copy, Debug)]
struct Found {
    project: ProjectId,
    application: ApplicationId,
    deployment: DeploymentId,
    database: DatabaseId,
}

/// Four projects: one of nobody, one that the user owns, one of his team, one of somebody else and another team.
struct World {
    store: Arc<dyn Store>,
    user: User,
    team: Team,
    projects: [Found; 4],
}

impl World {
    async fn new(store: Arc<dyn Store>) -> Self {
        let (user, other) = (user(Role::Developer), user(Role::Owner));
        for user in [&user, &other] {
            store.create_user(user, None).await.unwrap();
        }
        let (team, others) = (team(), team());
        for team in [&team, &others] {
            store.create_team(team).await.unwrap();
        }
        store.add_member(team.id, user.id, now()).await.unwrap();
        store.add_member(team.id, other.id, now()).await.unwrap();
        store.add_member(others.id, other.id, now()).await.unwrap();
        let projects = [
            filled(&store, None, None).await,
            filled(&store, Some(&user), None).await,
            filled(&store, Some(&other), Some(&team)).await,
            filled(&store, Some(&other), Some(&others)).await,
        ];
        Self {
            store,
            user,
            team,
            projects,
        }
    }

    /// Asserts that exactly these projects are in reach, with everything in them.
    async fn assert_sees(&self, reach: &Reach, indices: &[usize]) {
        for (index, found) in self.projects.iter().enumerate() {
            let expected = indices.contains(&index);
            self.assert_finds(reach, found, expected).await;
            self.assert_lists(reach, found, expected).await;
        }
        let seen: Vec<&Found> = indices.iter().rev().map(|at| &self.projects[*at]).collect();
        let page = PageRequest::first();
        let listed = self.store.list_projects(reach, page).await.unwrap().items;
        let listed: Vec<_> = listed.iter().map(|one| one.id).collect();
        let expected: Vec<_> = seen.iter().map(|one| one.project).collect();
        assert_eq!(listed, expected, "{reach:?}");

        let filter = ApplicationFilter {
            reach: reach.clone(),
            ..ApplicationFilter::default()
        };
        let listed = self.store.list_applications(&filter, page).await.unwrap();
        let listed: Vec<_> = listed.items.iter().map(|one| one.id).collect();
        let expected: Vec<_> = seen.iter().map(|one| one.application).collect();
        assert_eq!(listed, expected, "{reach:?}");

        let filter = DeploymentFilter {
            reach: reach.clone(),
            ..DeploymentFilter::default()
        };
        let listed = self.store.list_deployments(&filter, page).await.unwrap();
        let listed: Vec<_> = listed.items.iter().map(|one| one.id).collect();
        let expected: Vec<_> = seen.iter().map(|one| one.deployment).collect();
        assert_eq!(listed, expected, "{reach:?}");

        let listed = self.store.list_databases(reach, None, page).await.unwrap();
        let listed: Vec<_> = listed.items.iter().map(|one| one.id).collect();
        let expected: Vec<_> = seen.iter().map(|one| one.database).collect();
        assert_eq!(listed, expected, "{reach:?}");
    }

    /// Looks for each thing by its id.
    async fn assert_finds(&self, reach: &Reach, found: &Found, expected: bool) {
        let project = self.store.find_project_in_reach(reach, found.project);
        let application = self
            .store
            .find_application_in_reach(reach, found.application);
        let deployment = self.store.find_deployment_in_reach(reach, found.deployment);
        let database = self.store.find_database(reach, found.database);
        let seen = [
            project.await.unwrap().is_some(),
            application.await.unwrap().is_some(),
            deployment.await.unwrap().is_some(),
            database.await.unwrap().is_some(),
        ];
        assert_eq!(seen, [expected; 4], "{reach:?} {found:?}");
    }

    /// Lists what is in the project, with every filter that leads there.
    async fn assert_lists(&self, reach: &Reach, found: &Found, expected: bool) {
        let page = PageRequest::first();
        let filter = ApplicationFilter {
            reach: reach.clone(),
            project: Some(found.project),
            with_databases: true,
        };
        let listed = self.store.list_applications(&filter, page).await.unwrap();
        assert_eq!(listed.items.is_empty(), !expected, "{filter:?}");
        let of = Some(found.project);
        let listed = self.store.list_databases(reach, of, page).await.unwrap();
        assert_eq!(listed.items.is_empty(), !expected, "{reach:?}");
        for application in [None, Some(found.application)] {
            for project in [None, Some(found.project)] {
                for status in [None, Some(crate::deployment::Status::Pending)] {
                    let filter = DeploymentFilter {
                        reach: reach.clone(),
                        application,
                        project,
                        status,
                    };
                    let listed = self.store.list_deployments(&filter, page).await.unwrap();
                    let ids: BTreeSet<_> = listed.items.iter().map(|one| one.id).collect();
                    assert_eq!(ids.contains(&found.deployment), expected, "{filter:?}");
                }
            }
        }
    }
}

async fn filled(store: &Arc<dyn Store>, owner: Option<&User>, team: Option<&Team>) -> Found {
    let project = Project {
        owner_id: owner.map(|user| user.id),
        team_id: team.map(|team| team.id),
        ..project()
    };
    store.create_project(&project).await.unwrap();
    let application = application(project.id);
    store.create_application(&application).await.unwrap();
    let new = new_deployment(&application);
    store.create_deployment(&new).await.unwrap();
    let (database, of_database) = database(project.id);
    store
        .create_database(&database, &of_database)
        .await
        .unwrap();
    Found {
        project: project.id,
        application: application.id,
        deployment: new.deployment.id,
        database: database.id,
    }
}

pub async fn a_user_sees_what_he_owns_and_what_his_teams_have(store: Arc<dyn Store>) {
    let world = World::new(store.clone()).await;
    world.assert_sees(&Reach::All, &[0, 1, 2, 3]).await;
    let reach = Reach::User(world.user.id);
    world.assert_sees(&reach, &[1, 2]).await;
    world.assert_sees(&Reach::User(UserId::new()), &[]).await;

    // It is over with the membership.
    let (team, user) = (world.team.id, world.user.id);
    store.remove_member(team, user).await.unwrap();
    world.assert_sees(&reach, &[1]).await;
    store.add_member(team, user, now()).await.unwrap();
    world.assert_sees(&reach, &[1, 2]).await;
}

pub async fn a_token_sees_those_of_its_projects_that_its_user_sees(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let [first, second, third, fourth] = world.projects.map(|found| found.project);
    let user = UserReach::User(world.user.id);
    let cases = [
        (Reach::Projects(user, vec![first, second]), vec![1]),
        (
            Reach::Projects(user, vec![third, fourth, second]),
            vec![1, 2],
        ),
        (Reach::Projects(user, vec![]), vec![]),
        (
            Reach::Projects(UserReach::All, vec![fourth, first]),
            vec![0, 3],
        ),
        (
            Reach::Projects(UserReach::All, vec![ProjectId::new()]),
            vec![],
        ),
        (Reach::Projects(UserReach::All, vec![]), vec![]),
    ];
    for (reach, expected) in cases {
        world.assert_sees(&reach, &expected).await;
    }
}

pub async fn a_project_that_changes_hands_is_seen_by_others(store: Arc<dyn Store>) {
    let world = World::new(store.clone()).await;
    let reach = Reach::User(world.user.id);
    let mut project = store
        .find_project(world.projects[1].project)
        .await
        .unwrap()
        .unwrap();
    project.owner_id = None;
    let project = store.update_project(&project).await.unwrap();
    world.assert_sees(&reach, &[2]).await;
    let given = Project {
        team_id: Some(world.team.id),
        ..project
    };
    store.update_project(&given).await.unwrap();
    world.assert_sees(&reach, &[1, 2]).await;
}

pub async fn a_deleted_project_is_out_of_everybodys_reach(store: Arc<dyn Store>) {
    let owner = user(Role::Developer);
    store.create_user(&owner, None).await.unwrap();
    let project = Project {
        owner_id: Some(owner.id),
        ..project()
    };
    store.create_project(&project).await.unwrap();
    store.delete_project(project.id, now()).await.unwrap();
    for reach in [Reach::All, Reach::User(owner.id)] {
        let found = store.find_project_in_reach(&reach, project.id);
        assert_eq!(found.await.unwrap(), None);
        let page = store.list_projects(&reach, PageRequest::first());
        assert_eq!(page.await.unwrap().items, []);
    }
}
