//! Who may use which route, written down once more and independently: the matrix compares it with what happens.

use dokploy_core::model::{Role, Scope};
use serde_json::{Value, json};

use super::world::Scene;

/// Who may use a route.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Policy {
    /// Everybody, also without an account.
    Public,
    /// Everybody with an account, about himself or about what he sees.
    Account(Scope),
    /// Whoever has the role and sees the project; for others it does not exist.
    Within(Role, Scope),
    /// The owner of the project who has at least the second role, and everybody with the first one.
    Owned(Role, Role, Scope),
    /// Whoever has the role; for others it is forbidden.
    Installation(Role, Scope),
    /// Whoever signed in himself: no token.
    Session,
    /// What is signed or checked in another way, and tested where that is.
    Elsewhere,
}

/// A route, a request that it takes, and who may use it.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) body: fn(&Scene) -> Value,
    pub(crate) policy: Policy,
}

fn nothing(_: &Scene) -> Value {
    Value::Null
}

fn empty(_: &Scene) -> Value {
    json!({})
}

macro_rules! routes {
    ($($method:ident $path:literal $policy:expr $(, $body:expr)?;)*) => {
        vec![$(Route {
            method: stringify!($method),
            path: $path,
            body: { let body: fn(&Scene) -> Value = nothing; $(let _ = body; let body: fn(&Scene) -> Value = $body;)? body },
            policy: $policy,
        }),*]
    };
}

/// Every route.
#[rustfmt::skip]
pub(crate) fn routes() -> Vec<Route> {
    use Policy::{Account, Elsewhere, Installation, Owned, Public, Session, Within};
    use Role::{Admin, Developer, Viewer};
    use Scope::{Admin as AdminScope, Deploy, Read, Write};
    routes! {
        GET "/healthz" Public;
        GET "/readyz" Public;
        GET "/api/status" Installation(Admin, Read);

        POST "/api/auth/register" Public, |_| json!({"username": "newcomer", "password": "correct horse"});
        POST "/api/auth/login" Public, |_| json!({"username": "nobody", "password": "correct horse"});
        POST "/api/auth/logout" Account(Read);
        GET "/api/auth/oidc/login" Elsewhere;
        GET "/api/auth/oidc/callback" Elsewhere;
        GET "/api/auth/me" Account(Read);
        POST "/api/auth/password" Session, |_| json!({"currentPassword": "correct horse", "newPassword": "battery staple"});
        GET "/api/auth/tokens" Account(AdminScope);
        POST "/api/auth/tokens" Account(AdminScope), |_| json!({"name": "ci", "scopes": ["read"]});
        // It is the token of the developer: others do not know it, but administrators delete it.
        DELETE "/api/auth/tokens/{id}" Elsewhere;

        GET "/api/users" Installation(Admin, AdminScope);
        POST "/api/users" Installation(Admin, AdminScope), |_| json!({"username": "newcomer", "password": "correct horse", "role": "viewer"});
        GET "/api/users/{id}" Installation(Admin, AdminScope);
        PATCH "/api/users/{id}" Installation(Admin, AdminScope), |_| json!({"disabled": true});
        DELETE "/api/users/{id}" Installation(Admin, AdminScope);

        GET "/api/teams" Account(Read);
        POST "/api/teams" Installation(Admin, AdminScope), |_| json!({"name": "other"});
        // Members see their own team; for others it does not exist.
        GET "/api/teams/{id}" Within(Viewer, Read);
        GET "/api/teams/{id}/members" Within(Viewer, Read);
        PATCH "/api/teams/{id}" Installation(Admin, AdminScope), |_| json!({"name": "other"});
        DELETE "/api/teams/{id}" Installation(Admin, AdminScope);
        PUT "/api/teams/{id}/members/{userId}" Installation(Admin, AdminScope);
        DELETE "/api/teams/{id}/members/{userId}" Installation(Admin, AdminScope);

        GET "/api/projects" Account(Read);
        POST "/api/projects" Installation(Developer, Write), |_| json!({"name": "other"});
        GET "/api/projects/{id}" Within(Viewer, Read);
        PATCH "/api/projects/{id}" Owned(Admin, Developer, Write), |_| json!({"description": "other"});
        DELETE "/api/projects/{id}" Owned(Admin, Developer, Write);

        GET "/api/applications" Account(Read);
        POST "/api/applications" Within(Developer, Write), |scene| json!({"projectId": scene.project, "name": "other", "image": "web:1"});
        POST "/api/applications/bulk" Elsewhere, |scene| json!({"action": "stop", "ids": [scene.application]});
        GET "/api/applications/{id}" Within(Viewer, Read);
        PATCH "/api/applications/{id}" Within(Developer, Write), |_| json!({"replicas": 2});
        DELETE "/api/applications/{id}" Owned(Admin, Developer, Write);
        POST "/api/applications/{id}/deploy" Within(Developer, Deploy), empty;
        POST "/api/applications/{id}/plan" Within(Developer, Deploy), empty;
        POST "/api/applications/{id}/stop" Within(Developer, Deploy);
        POST "/api/applications/{id}/start" Within(Developer, Deploy);
        POST "/api/applications/{id}/restart" Within(Developer, Deploy);
        POST "/api/applications/{id}/scale" Within(Developer, Deploy), |_| json!({"replicas": 2});
        GET "/api/applications/{id}/logs" Within(Viewer, Read);
        GET "/api/applications/{id}/releases" Within(Viewer, Read);
        GET "/api/applications/{id}/env" Within(Developer, Read);
        PUT "/api/applications/{id}/env" Within(Developer, Write), |_| json!({"envVars": []});
        POST "/api/applications/{id}/webhook-secret" Within(Developer, Write);
        POST "/api/applications/{id}/archive" Within(Developer, Deploy);

        GET "/api/deployments" Account(Read);
        GET "/api/deployments/{id}" Within(Viewer, Read);
        POST "/api/deployments/{id}/rollback" Within(Developer, Deploy);
        POST "/api/deployments/{id}/cancel" Within(Developer, Deploy);
        GET "/api/deployments/{id}/logs" Within(Viewer, Read);
        GET "/api/deployments/{id}/events" Within(Viewer, Read);

        GET "/api/databases" Account(Read);
        POST "/api/databases" Within(Developer, Write), |scene| json!({"projectId": scene.project, "name": "cache", "engine": "redis"});
        GET "/api/databases/{id}" Within(Viewer, Read);
        PATCH "/api/databases/{id}" Within(Developer, Write), |_| json!({"memoryLimit": 512});
        DELETE "/api/databases/{id}" Owned(Admin, Developer, Write);
        GET "/api/databases/{id}/backups" Within(Viewer, Read);
        POST "/api/databases/{id}/backups" Within(Viewer, Read);
        POST "/api/databases/{id}/restore" Within(Viewer, Read);

        GET "/api/applications/{id}/metrics" Within(Viewer, Read);
        GET "/api/metrics" Account(Read);
        GET "/api/metrics/prometheus" Installation(Admin, Read);

        // Whoever knows the secret of an application; tested with deliveries.
        POST "/api/webhooks/{provider}" Elsewhere;

        GET "/api/credentials" Installation(Developer, Read);
        POST "/api/credentials" Within(Developer, Write), |scene| json!({"projectId": scene.project, "kind": "git", "name": "other", "host": "git.example.com", "secret": {"token": {"token": "t"}}});
        GET "/api/credentials/{id}" Within(Developer, Read);
        DELETE "/api/credentials/{id}" Within(Developer, Write);

        GET "/api/audit" Installation(Admin, AdminScope);
        GET "/api/audit/verification" Installation(Admin, AdminScope);

        // The handshake is tested with real sockets.
        GET "/api/ws" Elsewhere;
    }
}
