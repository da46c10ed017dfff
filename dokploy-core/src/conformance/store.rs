//! What every [`Store`](crate::Store) has to do, one case for each sentence of its contract.
//!
//! A case gets an empty store of its own. [`store_conformance!`](crate::store_conformance) makes a test of each; it
//! takes the name of an async function that makes a store, hands it to the case and cleans up:
//!
//! ```
//! use std::sync::Arc;
//!
//! use dokploy_core::Store;
//! use dokploy_core::store::MemoryStore;
//!
//! async fn in_memory(case: impl AsyncFnOnce(Arc<dyn Store>)) {
//!     case(Arc::new(MemoryStore::new())).await;
//! }
//!
//! dokploy_core::store_conformance!(in_memory);
//! ```
#![expect(clippy::unwrap_used, reason = "a case fails by panicking")]
#![expect(missing_docs, reason = "the names of the cases are sentences")]

pub mod append;
pub mod application;
pub mod audit;
pub mod claim;
pub mod credential;
pub mod database;
pub mod deployment;
pub mod lease;
pub mod project;
pub mod reach;
pub mod release;
pub mod request;
pub mod scene;
pub mod session;
pub mod team;
pub mod user;

#[cfg(feature = "postgres")]
pub use crate::store::TemporaryPostgres;

/// Makes a test of each case of the conformance suite of stores.
///
/// The argument is an async function that takes a case, `impl AsyncFnOnce(Arc<dyn Store>)`, and runs it with a new and
/// empty store.
#[macro_export]
macro_rules! store_conformance {
    ($run:path) => {
        $crate::store_conformance!(@tests $run,
            project: [
                create_project_refuses_a_name_or_id_that_is_taken,
                a_deleted_project_is_gone_and_its_name_is_free,
                update_project_stores_the_next_version,
                update_project_rejects_a_stale_version,
                update_project_refuses_a_name_that_is_taken,
                update_project_does_not_find_what_is_absent_or_deleted,
                racing_updates_of_a_project_have_one_winner,
                delete_project_is_refused_while_it_has_applications,
                delete_project_of_what_is_absent_is_ok,
                list_projects_gives_every_project_once_newest_first,
            ],
            application: [
                create_application_refuses_what_is_taken,
                create_application_needs_a_project,
                an_application_is_found_by_id_name_and_service_name,
                an_application_is_found_by_its_repository_however_that_is_written,
                update_application_stores_the_next_version_and_keeps_the_current_release,
                update_application_rejects_a_stale_version,
                update_application_does_not_find_what_is_absent_or_deleted,
                delete_application_is_refused_while_a_deployment_is_open,
                delete_application_of_what_is_absent_is_ok,
                list_applications_gives_those_of_one_project_or_all,
                an_application_is_never_created_in_a_project_that_is_deleted_meanwhile,
            ],
            deployment: [
                create_deployment_stores_the_row_and_its_first_event,
                create_deployment_supersedes_those_that_wait,
                create_deployment_does_not_touch_a_running_one,
                create_deployment_does_not_touch_one_that_was_just_claimed,
                create_deployment_lets_all_wait_when_none_is_superseded,
                an_idempotency_key_gives_the_same_deployment_for_ever,
                racing_deliveries_with_one_key_make_one_deployment,
                a_full_queue_refuses_and_changes_nothing,
                superseding_makes_room_in_a_full_queue,
                create_deployment_needs_an_application,
                create_deployment_needs_a_target_release_that_is_retained,
                a_deployment_is_never_accepted_by_an_application_that_is_deleted_meanwhile,
                newest_deployments_gives_the_last_one_of_each_application,
                newest_progress_changes_with_every_event,
                list_deployments_filters_and_gives_each_once_newest_first,
                racing_acceptances_leave_one_waiting,
            ],
            append: [
                append_events_returns_what_it_stored,
                append_events_rejects_a_stale_sequence,
                append_events_to_an_absent_deployment_is_not_found,
                racing_appends_have_one_winner,
                events_are_read_from_a_number_and_up_to_a_limit,
                the_stored_state_is_the_replay_of_the_log,
                an_illegal_event_is_refused_and_nothing_is_written,
                a_terminal_deployment_is_final,
                a_success_is_rolled_back_by_a_later_deployment,
                a_success_is_observed_without_a_lease,
                a_caller_may_not_write_what_is_a_workers,
                a_caller_cancels_a_waiting_deployment_and_it_leaves_the_queue,
                a_caller_cannot_end_what_a_worker_has_begun,
                a_terminal_event_ends_the_claim,
                the_next_of_the_application_starts_after_a_terminal_event,
                promote_makes_a_release_stable_and_current_in_the_same_transaction,
                promote_of_an_absent_release_writes_nothing,
            ],
            claim: [
                claim_next_answers_none_when_nothing_waits,
                claim_next_takes_the_oldest_of_an_application_and_one_at_a_time,
                claim_next_raises_epoch_and_attempt,
                projects_take_turns,
                the_project_with_the_fewest_active_deployments_is_next,
                a_long_queue_of_one_project_does_not_delay_another,
                racing_workers_never_get_the_same_claim,
                racing_workers_leave_nothing_behind,
                an_application_never_has_two_active_deployments,
                deployments_of_an_application_run_in_the_order_of_acceptance,
                what_runs_last_is_the_newest_while_deliveries_race,
                resume_only_takes_no_waiting_one,
                queue_stats_count_what_waits_and_what_runs,
            ],
            lease: [
                an_expired_lease_is_claimed_again_before_anything_that_waits,
                a_worker_whose_lease_was_taken_over_can_do_nothing,
                a_worker_whose_lease_has_expired_can_do_nothing,
                a_fence_of_another_worker_or_epoch_is_refused,
                renew_lease_keeps_a_claim,
                renew_lease_says_that_somebody_asked_to_cancel,
                release_lease_hands_back_at_once_and_does_not_count,
                release_lease_of_what_was_lost_is_ok,
                a_right_belongs_to_one_worker_at_a_time,
                racing_workers_get_a_right_once,
            ],
            release: [
                create_release_stores_one_for_each_deployment,
                create_release_needs_the_lease,
                releases_are_found_and_listed_newest_first,
                a_fingerprint_finds_the_newest_release_that_is_retained,
                retire_releases_keeps_the_newest_stable_ones,
                retire_releases_drops_what_never_became_stable,
                retire_releases_keeps_the_current_one_and_what_an_open_deployment_needs,
                retained_releases_leave_out_deleted_applications,
            ],
            credential: [
                create_credential_refuses_a_name_that_is_taken,
                credentials_are_found_listed_and_deleted,
                a_setting_is_stored_once,
                a_store_answers_a_ping,
            ],
            user: [
                a_user_is_found_by_id_and_by_name_in_any_case,
                create_user_refuses_a_name_in_any_case_or_an_id_that_is_taken,
                of_many_first_users_one_is_made,
                create_first_user_is_refused_once_there_is_any,
                update_user_stores_the_next_version,
                update_user_refuses_what_is_stale_taken_or_absent,
                a_password_is_kept_apart_and_replaced,
                an_identity_belongs_to_one_user,
                an_external_user_and_his_identity_are_made_together_or_not_at_all,
                the_last_owner_is_neither_deleted_nor_disabled_nor_given_another_role,
                of_two_callers_who_remove_the_last_two_owners_one_is_refused,
                the_sessions_of_a_disabled_user_end_for_ever,
                a_deleted_user_is_gone_with_everything_that_let_him_in,
                list_users_gives_every_user_once_newest_first,
            ],
            team: [
                create_team_refuses_a_name_or_id_that_is_taken,
                update_team_stores_the_next_version_or_says_why_not,
                delete_team_is_refused_while_a_project_belongs_to_it,
                a_project_is_never_given_to_a_team_that_is_deleted_meanwhile,
                a_project_needs_an_owner_and_a_team_that_are_there,
                members_are_added_listed_and_removed,
                a_member_needs_a_user_and_a_team_that_are_there,
                list_teams_gives_all_or_those_of_a_member_newest_first,
            ],
            session: [
                a_session_is_accepted_with_its_user_until_it_expires,
                a_revoked_session_is_over_at_once,
                all_sessions_of_a_user_end_but_one,
                who_is_absent_deleted_or_disabled_gets_neither_session_nor_token,
                no_session_outlives_the_disabling_of_its_user,
                purge_sessions_forgets_those_that_expired,
                a_token_is_accepted_by_its_digest_with_its_user,
                create_token_refuses_a_digest_or_id_that_is_taken,
                a_revoked_token_is_over_at_once,
                list_tokens_gives_those_of_a_user_or_all_newest_first,
                the_last_use_of_a_token_is_known_to_the_minute,
            ],
            reach: [
                a_user_sees_what_he_owns_and_what_his_teams_have,
                a_token_sees_those_of_its_projects_that_its_user_sees,
                a_project_that_changes_hands_is_seen_by_others,
                a_deleted_project_is_out_of_everybodys_reach,
            ],
            audit: [
                records_form_a_chain_that_can_be_checked,
                racing_writers_make_one_unbroken_chain,
                a_change_that_is_refused_leaves_no_record,
                an_attempt_that_succeeds_after_a_refusal_leaves_one_record,
                one_scope_leaves_one_record_for_its_first_change,
                every_change_of_what_is_deployed_leaves_its_record,
                every_change_of_who_may_do_what_leaves_its_record,
                what_nobody_decided_leaves_no_record,
                records_are_listed_by_what_is_asked_newest_first,
            ],
            database: [
                a_database_and_its_application_are_made_together_or_not_at_all,
                applications_that_run_databases_are_listed_on_request,
                update_database_stores_the_next_version_or_says_why_not,
                delete_database_is_refused_while_its_application_is_there,
                list_databases_gives_those_of_one_project_or_all_newest_first,
                the_webhook_secret_of_an_application_is_kept_and_replaced,
            ],
            request: [
                a_request_runs_once_and_its_answer_is_given_again,
                a_key_is_refused_for_another_request,
                of_racing_requests_with_one_key_one_runs,
                a_request_that_was_given_up_runs_again,
                a_request_whose_runner_died_runs_again,
                an_answer_is_forgotten_after_its_time,
            ]
        );
    };
    (@tests $run:path, $($module:ident: [$($case:ident),+ $(,)?]),+) => {
        $(mod $module {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    $run($crate::conformance::store::$module::$case).await;
                }
            )+
        })+
    };
}
