//! Hands calls on from one store to another: for stores that count, measure, fail on purpose or spread calls.

/// Implements traits of a store for a type by handing each call on to another store.
///
/// `$through` is a macro that is given `self`, the name of the method and its arguments, and makes the call. The crate
/// that uses it needs `async-trait`.
///
/// ```
/// use dokploy_core::store::MemoryStore;
///
/// #[derive(Debug, Default)]
/// struct Wrapped {
///     inner: MemoryStore,
/// }
///
/// macro_rules! through {
///     ($self:ident, $method:ident, $($argument:ident),*) => {
///         $self.inner.$method($($argument),*).await
///     };
/// }
///
/// dokploy_core::delegate_store!(Wrapped, through: ProjectStore, ApplicationStore);
/// ```
///
/// Without a list, all of the traits are implemented.
#[macro_export]
macro_rules! delegate_store {
    ($type:ty, $through:ident) => {
        $crate::delegate_store!(
            $type, $through: ProjectStore, ApplicationStore, DeploymentStore, QueueStore, ReleaseStore,
            CredentialStore, SettingStore, UserStore, TeamStore, SessionStore, TokenStore, AuditStore,
            IdempotencyStore, DatabaseStore
        );
    };
    ($type:ty, $through:ident: $($trait:ident),+ $(,)?) => {
        $($crate::delegate_store!(@$trait $type, $through);)+
    };
    (@implement $trait:ident for $type:ty, $through:ident {
        $($method:ident($($argument:ident: $of:ty),*) -> $output:ty;)+
    }) => {
        #[async_trait::async_trait]
        impl $crate::store::$trait for $type {
            $(async fn $method(&self, $($argument: $of),*) -> $crate::error::Result<$output> {
                use $crate::store::$trait as _;
                $through!(self, $method, $($argument),*)
            })+
        }
    };
    (@ProjectStore $type:ty, $through:ident) => {
        $crate::delegate_store!(@implement ProjectStore for $type, $through {
            create_project(project: &$crate::model::Project) -> ();
            find_project(id: $crate::id::ProjectId) -> Option<$crate::model::Project>;
            find_project_in_reach(
                reach: &$crate::model::Reach,
                id: $crate::id::ProjectId
            ) -> Option<$crate::model::Project>;
            find_project_by_name(name: &str) -> Option<$crate::model::Project>;
            list_projects(
                reach: &$crate::model::Reach,
                page: $crate::model::PageRequest
            ) -> $crate::model::Page<$crate::model::Project>;
            update_project(project: &$crate::model::Project) -> $crate::model::Project;
            delete_project(id: $crate::id::ProjectId, at: $crate::clock::Timestamp) -> ();
        });
    };
    (@ApplicationStore $type:ty, $through:ident) => {
        $crate::delegate_store!(@implement ApplicationStore for $type, $through {
            create_application(application: &$crate::model::Application) -> ();
            find_application(id: $crate::id::ApplicationId) -> Option<$crate::model::Application>;
            find_application_in_reach(
                reach: &$crate::model::Reach,
                id: $crate::id::ApplicationId
            ) -> Option<$crate::model::Application>;
            find_application_by_name(
                project: $crate::id::ProjectId,
                name: &str
            ) -> Option<$crate::model::Application>;
            find_application_by_service_name(service_name: &str) -> Option<$crate::model::Application>;
            applications_of_repository(
                repository: &$crate::model::RepositoryKey
            ) -> Vec<$crate::model::Application>;
            list_applications(
                filter: &$crate::store::ApplicationFilter,
                page: $crate::model::PageRequest
            ) -> $crate::model::Page<$crate::model::Application>;
            update_application(application: &$crate::model::Application) -> $crate::model::Application;
            delete_application(id: $crate::id::ApplicationId, at: $crate::clock::Timestamp) -> ();
        });
    };
    (@DeploymentStore $type:ty, $through:ident) => {
        $crate::delegate_store!(@implement DeploymentStore for $type, $through {
            create_deployment(new: &$crate::store::NewDeployment) -> $crate::store::CreatedDeployment;
            find_deployment(id: $crate::id::DeploymentId) -> Option<$crate::model::Deployment>;
            find_deployment_in_reach(
                reach: &$crate::model::Reach,
                id: $crate::id::DeploymentId
            ) -> Option<$crate::model::Deployment>;
            find_deployment_by_key(
                application: $crate::id::ApplicationId,
                key: &str
            ) -> Option<$crate::model::Deployment>;
            list_deployments(
                filter: &$crate::store::DeploymentFilter,
                page: $crate::model::PageRequest
            ) -> $crate::model::Page<$crate::model::Deployment>;
            newest_deployments(
                applications: &[$crate::id::ApplicationId]
            ) -> Vec<$crate::model::Deployment>;
            newest_progress(
                applications: &[$crate::id::ApplicationId]
            ) -> Vec<($crate::id::DeploymentId, u64)>;
            append_events(
                append: &$crate::store::Append
            ) -> (Vec<$crate::deployment::Event>, $crate::deployment::DeploymentState);
            events(id: $crate::id::DeploymentId, after: u64, limit: u32) -> Vec<$crate::deployment::Event>;
        });
    };
    (@QueueStore $type:ty, $through:ident) => {
        $crate::delegate_store!(@implement QueueStore for $type, $through {
            claim_next(
                worker: $crate::id::WorkerId,
                lease: ::std::time::Duration,
                resume_only: bool
            ) -> Option<$crate::store::Claim>;
            renew_lease(
                id: $crate::id::DeploymentId,
                fence: $crate::store::Fence,
                lease: ::std::time::Duration
            ) -> bool;
            release_lease(id: $crate::id::DeploymentId, fence: $crate::store::Fence) -> ();
            queue_stats() -> $crate::store::QueueStats;
            acquire_right(name: &str, worker: $crate::id::WorkerId, ttl: ::std::time::Duration) -> bool;
        });
    };
    (@ReleaseStore $type:ty, $through:ident) => {
        $crate::delegate_store!(@implement ReleaseStore for $type, $through {
            create_release(
                release: &$crate::model::Release,
                fence: $crate::store::Fence
            ) -> $crate::model::Release;
            find_release(id: $crate::id::ReleaseId) -> Option<$crate::model::Release>;
            list_releases(
                application: $crate::id::ApplicationId,
                page: $crate::model::PageRequest
            ) -> $crate::model::Page<$crate::model::Release>;
            find_release_by_fingerprint(
                application: $crate::id::ApplicationId,
                fingerprint: &str
            ) -> Option<$crate::model::Release>;
            retire_releases(
                application: $crate::id::ApplicationId,
                keep: u32,
                at: $crate::clock::Timestamp
            ) -> Vec<$crate::id::ReleaseId>;
            retained_releases() -> Vec<$crate::model::Release>;
        });
    };
    (@CredentialStore $type:ty, $through:ident) => {
        $crate::delegate_store!(@implement CredentialStore for $type, $through {
            create_credential(credential: &$crate::model::Credential) -> ();
            find_credential(id: $crate::id::CredentialId) -> Option<$crate::model::Credential>;
            find_credential_in_reach(
                reach: &$crate::model::Reach,
                id: $crate::id::CredentialId
            ) -> Option<$crate::model::Credential>;
            list_credentials_in_reach(
                reach: &$crate::model::Reach,
                page: $crate::model::PageRequest
            ) -> $crate::model::Page<$crate::model::Credential>;
            list_credentials(
                page: $crate::model::PageRequest
            ) -> $crate::model::Page<$crate::model::Credential>;
            delete_credential(id: $crate::id::CredentialId, at: $crate::clock::Timestamp) -> ();
        });
    };
    (@SettingStore $type:ty, $through:ident) => {
        $crate::delegate_store!(@implement SettingStore for $type, $through {
            setting_or_insert(name: &str, value: &str) -> String;
            ping() -> ();
        });
    };
    (@UserStore $type:ty, $through:ident) => {
        $crate::delegate_store!(@implement UserStore for $type, $through {
            create_first_user(
                user: &$crate::model::User,
                password: Option<&$crate::model::PasswordHash>
            ) -> ();
            create_user(user: &$crate::model::User, password: Option<&$crate::model::PasswordHash>) -> ();
            create_external_user(
                user: &$crate::model::User,
                identity: &$crate::model::ExternalIdentity
            ) -> ();
            find_user(id: $crate::id::UserId) -> Option<$crate::model::User>;
            find_user_by_username(username: &str) -> Option<$crate::model::User>;
            find_user_by_identity(issuer: &str, subject: &str) -> Option<$crate::model::User>;
            list_users(page: $crate::model::PageRequest) -> $crate::model::Page<$crate::model::User>;
            update_user(user: &$crate::model::User) -> $crate::model::User;
            set_password(
                id: $crate::id::UserId,
                password: &$crate::model::PasswordHash,
                at: $crate::clock::Timestamp
            ) -> ();
            password_hash(id: $crate::id::UserId) -> Option<$crate::model::PasswordHash>;
            link_identity(identity: &$crate::model::ExternalIdentity) -> ();
            delete_user(id: $crate::id::UserId, at: $crate::clock::Timestamp) -> ();
            count_owners() -> u64;
        });
    };
    (@TeamStore $type:ty, $through:ident) => {
        $crate::delegate_store!(@implement TeamStore for $type, $through {
            create_team(team: &$crate::model::Team) -> ();
            find_team(id: $crate::id::TeamId) -> Option<$crate::model::Team>;
            list_teams(
                member: Option<$crate::id::UserId>,
                page: $crate::model::PageRequest
            ) -> $crate::model::Page<$crate::model::Team>;
            update_team(team: &$crate::model::Team) -> $crate::model::Team;
            delete_team(id: $crate::id::TeamId, at: $crate::clock::Timestamp) -> ();
            add_member(
                team: $crate::id::TeamId,
                user: $crate::id::UserId,
                at: $crate::clock::Timestamp
            ) -> ();
            remove_member(team: $crate::id::TeamId, user: $crate::id::UserId) -> ();
            members(
                team: $crate::id::TeamId,
                page: $crate::model::PageRequest
            ) -> $crate::model::Page<$crate::model::User>;
        });
    };
    (@SessionStore $type:ty, $through:ident) => {
        $crate::delegate_store!(@implement SessionStore for $type, $through {
            create_session(session: &$crate::model::Session) -> ();
            find_session(
                id: $crate::id::SessionId,
                at: $crate::clock::Timestamp
            ) -> Option<($crate::model::Session, $crate::model::User)>;
            revoke_session(id: $crate::id::SessionId) -> ();
            revoke_sessions(user: $crate::id::UserId, except: Option<$crate::id::SessionId>) -> u64;
            purge_sessions(before: $crate::clock::Timestamp) -> u64;
        });
    };
    (@TokenStore $type:ty, $through:ident) => {
        $crate::delegate_store!(@implement TokenStore for $type, $through {
            create_token(token: &$crate::model::ApiToken, digest: &str) -> ();
            find_token_by_digest(
                digest: &str,
                at: $crate::clock::Timestamp
            ) -> Option<($crate::model::ApiToken, $crate::model::User)>;
            find_token(id: $crate::id::TokenId) -> Option<$crate::model::ApiToken>;
            list_tokens(
                user: Option<$crate::id::UserId>,
                page: $crate::model::PageRequest
            ) -> $crate::model::Page<$crate::model::ApiToken>;
            revoke_token(id: $crate::id::TokenId, at: $crate::clock::Timestamp) -> ();
            touch_token(id: $crate::id::TokenId, at: $crate::clock::Timestamp) -> ();
        });
    };
    (@AuditStore $type:ty, $through:ident) => {
        $crate::delegate_store!(@implement AuditStore for $type, $through {
            append_audit(entry: &$crate::model::AuditEntry) -> $crate::model::AuditRecord;
            list_audit(
                filter: &$crate::store::AuditFilter,
                before: Option<i64>,
                limit: u32
            ) -> Vec<$crate::model::AuditRecord>;
            audit_chain(after: i64, limit: u32) -> Vec<$crate::model::AuditRecord>;
            audit_head() -> $crate::model::AuditHead;
        });
    };
    (@IdempotencyStore $type:ty, $through:ident) => {
        $crate::delegate_store!(@implement IdempotencyStore for $type, $through {
            begin_idempotent(
                actor: &str,
                key: &str,
                digest: &str,
                at: $crate::clock::Timestamp,
                ttl: ::std::time::Duration
            ) -> $crate::store::Idempotency;
            finish_idempotent(actor: &str, key: &str, response: &$crate::store::StoredResponse) -> ();
            abandon_idempotent(actor: &str, key: &str) -> ();
            purge_idempotent(before: $crate::clock::Timestamp) -> u64;
        });
    };
    (@DatabaseStore $type:ty, $through:ident) => {
        $crate::delegate_store!(@implement DatabaseStore for $type, $through {
            create_database(
                database: &$crate::model::Database,
                application: &$crate::model::Application
            ) -> ();
            find_database(
                reach: &$crate::model::Reach,
                id: $crate::id::DatabaseId
            ) -> Option<$crate::model::Database>;
            list_databases(
                reach: &$crate::model::Reach,
                project: Option<$crate::id::ProjectId>,
                page: $crate::model::PageRequest
            ) -> $crate::model::Page<$crate::model::Database>;
            update_database(database: &$crate::model::Database) -> $crate::model::Database;
            delete_database(id: $crate::id::DatabaseId, at: $crate::clock::Timestamp) -> ();
        });
    };
}
