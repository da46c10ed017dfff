//! Every route of the document, asked by everybody.

use std::collections::BTreeSet;

use dokploy_core::model::{Role, Scope};
use dokploy_http::server::openapi;
use serde_json::Value;

use super::client::Answer;
use super::policy::{Policy, Route, routes};
use super::world::Scene;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Nobody,
    Stranger,
    Viewer,
    Developer,
    Admin,
    Owner,
    /// A token of the developer, or of the owner where that takes more, that has only a lesser scope.
    TokenWithoutScope,
}

const EVERYBODY: [Who; 7] = [
    Who::Nobody,
    Who::Stranger,
    Who::Viewer,
    Who::Developer,
    Who::Admin,
    Who::Owner,
    Who::TokenWithoutScope,
];

/// What has to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Unauthenticated,
    Forbidden,
    Absent,
    /// Whatever it answers, it is no refusal of the caller.
    Allowed,
}

impl Expected {
    fn is(self, answer: &Answer) -> bool {
        let status = answer.status.as_u16();
        match self {
            Self::Unauthenticated => status == 401,
            Self::Forbidden => status == 403,
            Self::Absent => status == 404,
            Self::Allowed => ![401, 403, 404].contains(&status) && (status < 500 || status == 501),
        }
    }
}

fn role(who: Who) -> Option<Role> {
    match who {
        Who::Nobody | Who::TokenWithoutScope => None,
        Who::Viewer => Some(Role::Viewer),
        Who::Developer | Who::Stranger => Some(Role::Developer),
        Who::Admin => Some(Role::Admin),
        Who::Owner => Some(Role::Owner),
    }
}

fn allowed_if(allowed: bool) -> Expected {
    if allowed {
        Expected::Allowed
    } else {
        Expected::Forbidden
    }
}

/// What has to happen; `None` where the case says nothing.
fn expected(policy: Policy, who: Who) -> Option<Expected> {
    if who == Who::TokenWithoutScope {
        return scope(policy).and_then(lesser).map(|_| Expected::Forbidden);
    }
    let role = role(who);
    let expected = match (policy, role) {
        // Signing in with a wrong password is refused, too.
        (Policy::Elsewhere | Policy::Public, _) => return None,
        (_, None) => Expected::Unauthenticated,
        (Policy::Session, _) => Expected::Forbidden,
        (Policy::Account(_), _) => Expected::Allowed,
        (Policy::Within(..) | Policy::Owned(..), _) if who == Who::Stranger => Expected::Absent,
        (Policy::Installation(least, _) | Policy::Within(least, _), Some(role)) => {
            allowed_if(role >= least)
        }
        (Policy::Owned(least, owner, _), Some(role)) => {
            // The project is that of the developer.
            let least = if who == Who::Developer { owner } else { least };
            allowed_if(role >= least)
        }
    };
    Some(expected)
}

fn scope(policy: Policy) -> Option<Scope> {
    match policy {
        Policy::Account(scope)
        | Policy::Within(_, scope)
        | Policy::Owned(_, _, scope)
        | Policy::Installation(_, scope) => Some(scope),
        Policy::Public | Policy::Session | Policy::Elsewhere => None,
    }
}

/// The greatest scope that is not enough; there is none below the least.
fn lesser(scope: Scope) -> Option<Scope> {
    match scope {
        Scope::Read => None,
        Scope::Deploy => Some(Scope::Read),
        Scope::Write => Some(Scope::Deploy),
        Scope::Admin => Some(Scope::Write),
    }
}

async fn ask(scene: &Scene, route: &Route, who: Who) -> Answer {
    let path = scene.path(route.path);
    let mut call = scene.world.call(route.method, &path);
    match (route.body)(scene) {
        Value::Null => {}
        body => call = call.json(&body),
    }
    let token = match who {
        Who::Nobody => None,
        Who::Stranger => Some(scene.stranger.token.clone()),
        Who::Viewer => Some(scene.viewer.token.clone()),
        Who::Developer => Some(scene.developer.token.clone()),
        Who::Admin => Some(scene.admin.token.clone()),
        Who::Owner => Some(scene.owner.token.clone()),
        Who::TokenWithoutScope => {
            let scope = scope(route.policy).and_then(lesser).unwrap();
            let person = match route.policy {
                Policy::Installation(..) => &scene.owner,
                _ => &scene.developer,
            };
            Some(scene.world.token(&person.actor, scope).await)
        }
    };
    if let Some(token) = token {
        call = call.bearer(&token);
    }
    call.send().await
}

#[test]
fn every_route_of_the_document_has_a_policy_and_every_policy_a_route() {
    let document = serde_json::to_value(openapi::document()).unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let decided: BTreeSet<_> = routes()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let undecided: Vec<_> = described.difference(&decided).collect();
    assert!(
        undecided.is_empty(),
        "these routes have no policy: {undecided:#?}"
    );
    let gone: Vec<_> = decided.difference(&described).collect();
    assert!(gone.is_empty(), "these policies have no route: {gone:#?}");
}

#[tokio::test]
async fn every_route_answers_everybody_as_its_policy_says() {
    let mut complaints = Vec::new();
    for route in routes() {
        for who in EVERYBODY {
            let Some(expected) = expected(route.policy, who) else {
                continue;
            };
            // Each question is asked in a world of its own: many of them change it.
            let scene = Scene::new().await;
            let answer = ask(&scene, &route, who).await;
            if !expected.is(&answer) {
                let Route { method, path, .. } = route;
                let (status, text) = (answer.status, answer.text);
                complaints.push(format!(
                    "{method} {path} by {who:?}: {expected:?} expected, {status} {text}"
                ));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[tokio::test]
async fn what_is_not_theirs_answers_strangers_exactly_as_what_does_not_exist() {
    let scene = Scene::new().await;
    let unknown = "01900000-0000-7000-8000-000000000000";
    for route in routes() {
        if !route.path.contains("{id}")
            || !matches!(route.policy, Policy::Within(..) | Policy::Owned(..))
        {
            continue;
        }
        let foreign = ask(&scene, &route, Who::Stranger).await;
        let path = super::world::filled(route.path, |_| unknown.to_owned());
        let mut call = scene
            .world
            .call(route.method, &path)
            .bearer(&scene.stranger.token);
        match (route.body)(&scene) {
            Value::Null => {}
            body => call = call.json(&body),
        }
        let missing = call.send().await;
        let seen = |answer: &Answer, path: &str| {
            let mut body = answer.problem(404, "not_found");
            let id = path.split('/').nth(3).unwrap().to_owned();
            let detail = body["detail"].as_str().unwrap().replace(&id, "");
            body["detail"] = detail.into();
            body["requestId"] = Value::Null;
            body
        };
        let (foreign, missing) = (
            seen(&foreign, &scene.path(route.path)),
            seen(&missing, &path),
        );
        assert_eq!(foreign, missing, "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn lists_show_strangers_nothing_of_what_is_not_theirs() {
    let scene = Scene::new().await;
    for path in [
        "/api/projects",
        "/api/applications",
        "/api/deployments",
        "/api/databases",
        "/api/credentials",
        "/api/teams",
    ] {
        let answer = scene.world.get(path, &scene.stranger).send().await;
        let body = answer.expect(200);
        assert_eq!(body["items"].as_array().unwrap().len(), 0, "{path}: {body}");
        let answer = scene.world.get(path, &scene.developer).send().await;
        assert!(
            !answer.expect(200)["items"].as_array().unwrap().is_empty(),
            "{path}"
        );
    }
    let foreign = scene.project;
    for list in [
        "applications",
        "deployments",
        "databases",
        "credentials",
        "metrics",
    ] {
        let path = format!("/api/{list}?projectId={foreign}");
        scene
            .world
            .get(&path, &scene.stranger)
            .send()
            .await
            .problem(404, "not_found");
    }
}
