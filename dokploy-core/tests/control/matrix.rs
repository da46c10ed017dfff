//! Every action, tried by every role from every standing and with every scope.

use std::collections::BTreeSet;

use dokploy_core::Actor;
use dokploy_core::access::{Action, Identity};
use dokploy_core::control::{ControlPlane, NewToken};
use dokploy_core::id::ProjectId;
use dokploy_core::model::{AuditOutcome, Project, Role, Scope};

use crate::attempt::{Came, attempt};
use crate::scene::{Scene, fresh_name, project_of, system};

/// What each role may do: in a project of its team, in its own, and in one that it does not reach. `x` is let through,
/// `-` is refused, `.` is answered as if there were nothing. The columns are owner, admin, developer and viewer.
///
/// It is written down here a second time, and not taken from the table of the product.
#[rustfmt::skip]
const TABLE: &[(Action, &str, &str, &str, Scope)] = &[
    // action                         team    own     other   scope
    (Action::ProjectRead,             "xxxx", "xxxx", "xx..", Scope::Read),
    (Action::ApplicationRead,         "xxxx", "xxxx", "xx..", Scope::Read),
    (Action::DeploymentRead,          "xxxx", "xxxx", "xx..", Scope::Read),
    (Action::LogRead,                 "xxxx", "xxxx", "xx..", Scope::Read),
    (Action::MetricRead,              "xxxx", "xxxx", "xx..", Scope::Read),
    (Action::EnvironmentRead,         "xxx-", "xxx-", "xx..", Scope::Read),
    (Action::EnvironmentUpdate,       "xxx-", "xxx-", "xx..", Scope::Write),
    (Action::ProjectCreate,           "xxx-", "xxx-", "xxx-", Scope::Write),
    (Action::ApplicationCreate,       "xxx-", "xxx-", "xx..", Scope::Write),
    (Action::ApplicationUpdate,       "xxx-", "xxx-", "xx..", Scope::Write),
    (Action::ApplicationUpload,       "xxx-", "xxx-", "xx..", Scope::Deploy),
    (Action::ApplicationDeploy,       "xxx-", "xxx-", "xx..", Scope::Deploy),
    (Action::ApplicationScale,        "xxx-", "xxx-", "xx..", Scope::Deploy),
    (Action::ApplicationStop,         "xxx-", "xxx-", "xx..", Scope::Deploy),
    (Action::ApplicationStart,        "xxx-", "xxx-", "xx..", Scope::Deploy),
    (Action::ApplicationRestart,      "xxx-", "xxx-", "xx..", Scope::Deploy),
    (Action::DeploymentRollBack,      "xxx-", "xxx-", "xx..", Scope::Deploy),
    (Action::DeploymentCancel,        "xxx-", "xxx-", "xx..", Scope::Deploy),
    (Action::WebhookSecretRead,       "xxx-", "xxx-", "xx..", Scope::Write),
    (Action::WebhookSecretRotate,     "xxx-", "xxx-", "xx..", Scope::Write),
    (Action::ApplicationDelete,       "xx--", "xxx-", "xx..", Scope::Write),
    (Action::ProjectUpdate,           "xx--", "xxx-", "xx..", Scope::Write),
    (Action::ProjectDelete,           "xx--", "xxx-", "xx..", Scope::Write),
    (Action::DatabaseRead,            "xxxx", "xxxx", "xx..", Scope::Read),
    (Action::DatabaseCreate,          "xxx-", "xxx-", "xx..", Scope::Write),
    (Action::DatabaseUpdate,          "xxx-", "xxx-", "xx..", Scope::Write),
    (Action::DatabaseConnect,         "xxx-", "xxx-", "xx..", Scope::Write),
    (Action::DatabaseDelete,          "xx--", "xxx-", "xx..", Scope::Write),
    (Action::CredentialRead,          "xxx-", "xxx-", "xx..", Scope::Read),
    (Action::CredentialCreate,        "xxx-", "xxx-", "xx..", Scope::Write),
    (Action::CredentialDelete,        "xxx-", "xxx-", "xx..", Scope::Write),
    (Action::SharedCredentialUpdate,  "xx--", "xx--", "xx--", Scope::Write),
    (Action::AccountRead,             "xxxx", "xxxx", "xxxx", Scope::Read),
    (Action::TokenRead,               "xxxx", "xxxx", "xxxx", Scope::Admin),
    (Action::TokenCreate,             "xxxx", "xxxx", "xxxx", Scope::Admin),
    (Action::TokenDelete,             "xxxx", "xxxx", "xxxx", Scope::Admin),
    (Action::UserRead,                "xx--", "xx--", "xx--", Scope::Admin),
    (Action::UserCreate,              "xx--", "xx--", "xx--", Scope::Admin),
    (Action::UserUpdate,              "xx--", "xx--", "xx--", Scope::Admin),
    (Action::UserDelete,              "xx--", "xx--", "xx--", Scope::Admin),
    (Action::OwnerUpdate,             "x---", "x---", "x---", Scope::Admin),
    (Action::TeamCreate,              "xx--", "xx--", "xx--", Scope::Admin),
    (Action::TeamUpdate,              "xx--", "xx--", "xx--", Scope::Admin),
    (Action::TeamDelete,              "xx--", "xx--", "xx--", Scope::Admin),
    (Action::ForeignTokenRead,        "xx--", "xx--", "xx--", Scope::Admin),
    (Action::AuditRead,               "xx--", "xx--", "xx--", Scope::Admin),
    (Action::SystemRead,              "xx--", "xx--", "xx--", Scope::Read),
    // Whose they are not sees no teams and no tokens of others.
    (Action::TeamRead,                "xx..", "xx..", "xx..", Scope::Admin),
    (Action::ForeignTokenDelete,      "xx..", "xx..", "xx..", Scope::Admin),
    // Changed with the password that one knows, and by nobody but oneself: no token does it.
    (Action::AccountUpdate,           "xxxx", "xxxx", "xxxx", Scope::Admin),
];

const ROLES: [Role; 4] = [Role::Owner, Role::Admin, Role::Developer, Role::Viewer];
const SCOPES: [Scope; 4] = [Scope::Read, Scope::Deploy, Scope::Write, Scope::Admin];

fn expected(column: &str, role: usize) -> Came {
    match column.as_bytes()[role] {
        b'x' => Came::Through,
        b'-' => Came::Denied,
        b'.' => Came::Hidden,
        other => panic!("{other} means nothing"),
    }
}

/// How an actor stands to a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Team,
    Own,
    Other,
}

/// A project to which an actor stands in this way.
async fn project(control: &ControlPlane, actor: &Actor, standing: Standing) -> ProjectId {
    let stranger = Actor::system("stranger");
    match standing {
        Standing::Own => project_of(control, actor).await.id,
        Standing::Other => project_of(control, &stranger).await.id,
        Standing::Team => {
            let project = project_of(control, &stranger).await;
            let team = control.create_team(&system(), &fresh_name()).await.unwrap();
            let member = actor.user_id().unwrap();
            control
                .add_member(&system(), team.id, member)
                .await
                .unwrap();
            let store = control.engine().store();
            let given = Project {
                team_id: Some(team.id),
                ..project
            };
            store.update_project(&given).await.unwrap().id
        }
    }
}

#[test]
fn every_action_is_in_the_table() {
    for action in Action::ALL {
        let is_there = TABLE.iter().any(|(listed, ..)| listed == action);
        assert!(is_there, "{action}");
    }
}

#[tokio::test]
async fn every_role_does_what_it_may_from_every_standing_and_leaves_a_record() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        for (action, team, own, other, _) in TABLE {
            let standings = [
                (Standing::Team, team),
                (Standing::Own, own),
                (Standing::Other, other),
            ];
            for (standing, column) in standings {
                for (index, role) in ROLES.into_iter().enumerate() {
                    let actor = scene.person(&control, role).await;
                    let project = project(&control, &actor, standing).await;
                    let (came, result, trail) =
                        attempt(&scene, &control, &actor, *action, project).await;
                    let what = format!("{action} by {role} in {standing:?}: {result:?}");
                    assert_eq!(came, expected(column, index), "{what}");
                    check_trail(*action, came, result.is_ok(), &trail, &what);
                }
            }
        }
    }
}

/// A change leaves exactly one record, a refusal too, and reading none.
fn check_trail(
    action: Action,
    came: Came,
    is_done: bool,
    trail: &[(String, AuditOutcome)],
    what: &str,
) {
    if action == Action::AccountUpdate {
        // The attempt is made with a wrong password.
        return assert_eq!(trail.len(), 1, "{what}");
    }
    // Making the way free for a deletion is recorded, too.
    let trail: Vec<_> = trail
        .iter()
        .filter(|(name, _)| name == action.as_str() || name != "deployment.cancel")
        .collect();
    let outcomes: Vec<_> = trail.iter().map(|(_, outcome)| *outcome).collect();
    let verb = action.as_str().rsplit('.').next();
    let is_read = matches!(verb, Some("read" | "connect"));
    let wanted = match came {
        Came::Denied => vec![AuditOutcome::Denied],
        Came::Through | Came::Hidden if is_read => vec![],
        Came::Through if is_done => vec![AuditOutcome::Done],
        Came::Through | Came::Hidden => vec![AuditOutcome::Failed],
    };
    assert_eq!(outcomes, wanted, "{what}: {trail:?}");
}

/// A token of an owner, who may do everything himself.
async fn token(
    scene: &Scene,
    control: &ControlPlane,
    scope: Scope,
    projects: Option<Vec<ProjectId>>,
) -> Actor {
    let owner = scene.person(control, Role::Owner).await;
    let new = NewToken {
        name: fresh_name(),
        scopes: BTreeSet::from([scope]),
        project_ids: projects,
        expires_at: None,
    };
    let made = control.create_token(&owner, new).await.unwrap();
    control.authenticate(made.secret.expose()).await.unwrap()
}

#[tokio::test]
async fn a_token_does_what_its_scope_says_and_nothing_more() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        for (action, _, _, _, needed) in TABLE {
            for scope in SCOPES {
                let actor = token(&scene, &control, scope, None).await;
                let project = project_of(&control, &Actor::system("stranger")).await.id;
                let (came, result, _) = attempt(&scene, &control, &actor, *action, project).await;
                let is_let = scope >= *needed && *action != Action::AccountUpdate;
                let what = format!("{action} with {scope}: {result:?}");
                // Whose tokens and teams one may not see are not there.
                let refused = match (action, scope) {
                    (Action::ForeignTokenDelete | Action::TeamRead, _) => came != Came::Through,
                    _ => came == Came::Denied,
                };
                assert!(
                    if is_let {
                        came == Came::Through
                    } else {
                        refused
                    },
                    "{what}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_token_that_is_limited_to_projects_does_nothing_outside_them() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    for (action, _, _, _, needed) in TABLE {
        let stranger = Actor::system("stranger");
        let inside = project_of(&control, &stranger).await.id;
        let outside = project_of(&control, &stranger).await.id;
        let actor = token(&scene, &control, Scope::Admin, Some(vec![inside])).await;
        let (came_inside, first, _) = attempt(&scene, &control, &actor, *action, inside).await;
        let (came_outside, second, _) = attempt(&scene, &control, &actor, *action, outside).await;
        let what = format!("{action} ({needed}): {first:?}, {second:?}");
        let expected = match action.rule().place {
            dokploy_core::access::Place::Project => (Came::Through, Came::Hidden),
            dokploy_core::access::Place::Installation => match action {
                Action::TeamRead | Action::ForeignTokenDelete => (Came::Hidden, Came::Hidden),
                _ => (Came::Denied, Came::Denied),
            },
            // It makes no token that is not limited, and changes no password.
            dokploy_core::access::Place::Account => match action {
                Action::TokenCreate | Action::AccountUpdate => (Came::Denied, Came::Denied),
                _ => (Came::Through, Came::Through),
            },
        };
        assert_eq!((came_inside, came_outside), expected, "{what}");
    }
}

#[tokio::test]
async fn nobody_does_nothing() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    let actor = Actor::anonymous();
    for (action, ..) in TABLE {
        let project = project_of(&control, &Actor::system("stranger")).await.id;
        let (_, result, trail) = attempt(&scene, &control, &actor, *action, project).await;
        assert_eq!(result.unwrap_err().code(), "unauthenticated", "{action}");
        let trail: Vec<_> = trail
            .iter()
            .filter(|(name, _)| name != "deployment.cancel")
            .collect();
        assert!(
            trail.is_empty(),
            "{action}: nobody fills the trail: {trail:?}"
        );
    }
}

#[tokio::test]
async fn a_viewer_who_owns_a_project_changes_nothing_in_it() {
    // Ownership says where, and never gives a role.
    let scene = Scene::in_memory();
    let control = scene.control().await;
    let viewer = scene.person(&control, Role::Viewer).await;
    let project = project_of(&control, &viewer).await.id;
    let (came, ..) = attempt(
        &scene,
        &control,
        &viewer,
        Action::ApplicationDelete,
        project,
    )
    .await;
    assert_eq!(came, Came::Denied);
    assert!(matches!(viewer.identity, Identity::User { .. }));
}
