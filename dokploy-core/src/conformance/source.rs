//! The suite of [`SourceFetcher`]: what every kind of source promises.

mod context;
mod fetch;
mod resolve;
mod tar;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt;
use tokio_util::sync::CancellationToken;

pub use self::context::*;
pub use self::fetch::*;
pub use self::resolve::*;
pub use self::tar::{Member, MemberKind, unpack};
use crate::error::Result;
use crate::source::{ContextRequest, FakeTree, SourceFetcher, SourceRequest, SourceTree};

/// One source under test, empty at first.
#[async_trait]
pub trait SourceFixture: Send + Sync {
    /// The fetcher under test.
    fn fetcher(&self) -> Arc<dyn SourceFetcher>;

    /// Whether the source has branches, and commits that stay when the branch moves on.
    fn has_branches(&self) -> bool;

    /// Makes this tree all there is on a branch, as a new commit where there are commits, and gives the request for that
    /// branch. A source without branches ignores the name.
    async fn write(&self, branch: &str, tree: &FakeTree) -> SourceRequest;

    /// A request for a source of this kind that does not exist.
    fn missing(&self) -> SourceRequest;
}

/// Makes one test of each case. The expression makes a fresh [`SourceFixture`] and may await.
#[macro_export]
macro_rules! source_conformance {
    ($fixture:expr) => {
        $crate::source_conformance! { @cases $fixture;
            the_same_state_gives_the_same_revision,
            a_branch_is_asked_for_by_its_full_name,
            what_is_unknown_is_named_in_the_error,
            refused_input_is_an_invalid_spec,
            a_cancelled_call_ends_at_once,
            a_revision_never_gives_another_tree,
            fetching_again_gives_the_same_tree,
            nothing_outside_the_tree_can_be_read,
            forgetting_is_repeatable_and_fetching_works_after_it,
            a_file_is_read_up_to_the_limit,
            the_tree_is_written_as_it_is,
            equal_trees_give_equal_bytes,
            the_executable_bit_is_kept_and_links_stay_links,
            ignored_files_are_left_out,
            the_ignore_file_of_the_dockerfile_wins,
            a_subdirectory_can_be_the_context,
            a_missing_directory_or_dockerfile_is_an_invalid_spec,
            a_context_that_is_too_large_is_an_invalid_spec,
            long_names_and_large_files_arrive_whole_in_bounded_chunks,
            a_dropped_context_stops,
        }
    };
    (@cases $fixture:expr; $($case:ident,)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let fixture = $fixture;
                $crate::conformance::source::$case(&fixture).await;
            }
        )*
    };
}

/// Waits for something that must not take long.
async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), work)
        .await
        .expect("the source answers within a minute")
}

/// Says which part of a case does not apply to the source under test.
#[expect(clippy::print_stdout, reason = "what is not tested must be seen")]
fn skipped(what: &str) {
    println!("skipped: {what}");
}

/// Resolves and fetches.
async fn fetch(fixture: &dyn SourceFixture, request: &SourceRequest) -> Arc<dyn SourceTree> {
    let cancel = CancellationToken::new();
    let fetcher = fixture.fetcher();
    let revision = soon(fetcher.resolve(request, &cancel))
        .await
        .expect("the source resolves");
    soon(fetcher.fetch(request, &revision, &cancel))
        .await
        .expect("the revision can be fetched")
}

/// A request for a whole tree with the usual Dockerfile.
fn whole() -> ContextRequest {
    ContextRequest {
        directory: ".".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        bytes_max: 1 << 30,
    }
}

/// Collects a context.
async fn bytes_of(tree: &dyn SourceTree, request: &ContextRequest) -> Result<Vec<u8>> {
    let context = tree.context(request);
    soon(context.try_fold(Vec::new(), |mut all, chunk| async move {
        all.extend_from_slice(&chunk);
        Ok(all)
    }))
    .await
}

/// Collects and unpacks a context.
async fn members_of(tree: &dyn SourceTree, request: &ContextRequest) -> Vec<Member> {
    let bytes = bytes_of(tree, request)
        .await
        .expect("the context streams to its end");
    unpack(&bytes)
}

/// The names of all members, in order.
async fn names_of(tree: &dyn SourceTree, request: &ContextRequest) -> Vec<String> {
    members_of(tree, request)
        .await
        .into_iter()
        .map(|member| member.path)
        .collect()
}
