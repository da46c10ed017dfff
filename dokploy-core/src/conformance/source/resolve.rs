//! What resolving promises.

use tokio_util::sync::CancellationToken;

use super::{SourceFixture, skipped, soon};
use crate::error::ErrorKind;
use crate::source::{FakeTree, SourceRequest};

/// The same state resolves to the same revision, another one to another, and a state that comes back as new is judged
/// by its content where there are no commits.
pub async fn the_same_state_gives_the_same_revision(fixture: &dyn SourceFixture) {
    let cancel = CancellationToken::new();
    let fetcher = fixture.fetcher();
    let one = FakeTree::new().file("Dockerfile", "FROM scratch");
    let two = FakeTree::new().file("Dockerfile", "FROM scratcH");
    let request = fixture.write("main", &one).await;
    let first = soon(fetcher.resolve(&request, &cancel))
        .await
        .expect("it resolves");
    let again = soon(fetcher.resolve(&request, &cancel))
        .await
        .expect("it resolves again");
    assert_eq!(first.id, again.id);
    assert!(first.id.len() >= 40, "{} is a full id", first.id);
    let request = fixture.write("main", &two).await;
    let second = soon(fetcher.resolve(&request, &cancel))
        .await
        .expect("it resolves after a change");
    assert_ne!(first.id, second.id);
    let request = fixture
        .write("main", &two.clone().executable("run", ""))
        .await;
    let third = soon(fetcher.resolve(&request, &cancel))
        .await
        .expect("it resolves");
    let request = fixture.write("main", &two.file("run", "")).await;
    let fourth = soon(fetcher.resolve(&request, &cancel))
        .await
        .expect("it resolves");
    assert_ne!(third.id, fourth.id, "the executable bit counts");
}

/// `main` is not `x/main`.
pub async fn a_branch_is_asked_for_by_its_full_name(fixture: &dyn SourceFixture) {
    if !fixture.has_branches() {
        return skipped("a source without branches");
    }
    let cancel = CancellationToken::new();
    let fetcher = fixture.fetcher();
    let tree = FakeTree::new().file("Dockerfile", "FROM scratch");
    let request = fixture.write("x/main", &tree).await;
    let found = soon(fetcher.resolve(&request, &cancel))
        .await
        .expect("x/main is there");
    assert_eq!(found.reference.as_deref(), Some("refs/heads/x/main"));
    let short = with_branch(&request, "main");
    let error = soon(fetcher.resolve(&short, &cancel))
        .await
        .expect_err("there is no main");
    assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
    let other = fixture.write("main", &tree.file("other", "")).await;
    let main = soon(fetcher.resolve(&other, &cancel))
        .await
        .expect("now there is");
    assert_eq!(main.reference.as_deref(), Some("refs/heads/main"));
    assert_ne!(main.id, found.id);
    let full = with_branch(&request, "refs/heads/x/main");
    let same = soon(fetcher.resolve(&full, &cancel))
        .await
        .expect("a full name works");
    assert_eq!(same.id, found.id);
}

/// An unknown source, branch, tag or commit is `source_failed`, and the error says which.
pub async fn what_is_unknown_is_named_in_the_error(fixture: &dyn SourceFixture) {
    let cancel = CancellationToken::new();
    let fetcher = fixture.fetcher();
    let error = soon(fetcher.resolve(&fixture.missing(), &cancel))
        .await
        .expect_err("it is missing");
    assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
    assert!(!error.is_retryable(), "{error:?}");
    if !fixture.has_branches() {
        return skipped("branches and commits of a source without them");
    }
    let tree = FakeTree::new().file("Dockerfile", "FROM scratch");
    let request = fixture.write("main", &tree).await;
    for branch in ["nowhere", "refs/tags/v9"] {
        let request = with_branch(&request, branch);
        let error = soon(fetcher.resolve(&request, &cancel))
            .await
            .expect_err("there is no such branch");
        assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
        assert!(error.message().contains(branch), "{error:?} names {branch}");
    }
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let request = SourceRequest {
        commit: Some(commit.to_owned()),
        ..request
    };
    // A server is not asked whether it has a commit before it is fetched.
    let error = match soon(fetcher.resolve(&request, &cancel)).await {
        Err(error) => error,
        Ok(revision) => soon(fetcher.fetch(&request, &revision, &cancel))
            .await
            .expect_err("there is no such commit"),
    };
    assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
    assert!(
        error.message().contains(commit),
        "{error:?} names the commit"
    );
}

/// What could be taken for an option, or holds control characters, is `invalid_spec`; so is a branch of something that
/// has none.
pub async fn refused_input_is_an_invalid_spec(fixture: &dyn SourceFixture) {
    let cancel = CancellationToken::new();
    let fetcher = fixture.fetcher();
    let tree = FakeTree::new().file("Dockerfile", "FROM scratch");
    let request = fixture.write("main", &tree).await;
    for branch in ["-x", "--upload-pack=touch", "a\nb", "a\0b", "\u{1b}[2J"] {
        let request = with_branch(&request, branch);
        let error = soon(fetcher.resolve(&request, &cancel))
            .await
            .expect_err("the branch is refused");
        assert_eq!(
            error.kind(),
            ErrorKind::InvalidSpec,
            "{branch:?}: {error:?}"
        );
        let request = SourceRequest {
            branch: None,
            commit: Some(branch.to_owned()),
            ..request
        };
        let error = soon(fetcher.resolve(&request, &cancel))
            .await
            .expect_err("the commit is refused");
        assert_eq!(
            error.kind(),
            ErrorKind::InvalidSpec,
            "{branch:?}: {error:?}"
        );
    }
}

/// Both calls end with `cancelled`, before and while they work, and what was cancelled can be done later.
pub async fn a_cancelled_call_ends_at_once(fixture: &dyn SourceFixture) {
    let fetcher = fixture.fetcher();
    let tree = FakeTree::new()
        .file("Dockerfile", "FROM scratch")
        .file("large", vec![7; 4 << 20]);
    let request = fixture.write("main", &tree).await;
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let error = soon(fetcher.resolve(&request, &cancelled))
        .await
        .expect_err("it was cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error:?}");
    let cancel = CancellationToken::new();
    let revision = soon(fetcher.resolve(&request, &cancel))
        .await
        .expect("it resolves");
    let error = soon(fetcher.fetch(&request, &revision, &cancelled))
        .await
        .expect_err("it was cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error:?}");
    // In mid-work: the call is polled first, and whether it was done already is its own affair.
    let fetch = fetcher.fetch(&request, &revision, &cancel);
    let (outcome, ()) = soon(async { tokio::join!(fetch, async { cancel.cancel() }) }).await;
    if let Err(error) = outcome {
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error:?}");
    }
    soon(fetcher.fetch(&request, &revision, &CancellationToken::new()))
        .await
        .expect("a cancelled fetch leaves nothing in the way");
}

fn with_branch(request: &SourceRequest, branch: &str) -> SourceRequest {
    SourceRequest {
        branch: Some(branch.to_owned()),
        ..request.clone()
    }
}
