//! The network: who is let in, who is refused, and servers that misbehave.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dokploy_core::model::CredentialSecret;
use dokploy_core::secret::Secret;
use dokploy_core::source::{
    GitFetcher, GitOptions, NetworkPolicy, SourceCredential, SourceFetcher,
};
use dokploy_core::{Error, ErrorKind, Retry};
use rustls::pki_types::PrivateKeyDer;
use tokio_util::sync::CancellationToken;

use crate::{Fixture, options, read, request, token};
use dokploy_tests::git_server::{Behavior, Server};

/// `x-access-token:s3cret`
const TOKEN_HEADER: &str = "Basic eC1hY2Nlc3MtdG9rZW46czNjcmV0";
/// `ann:s3cret`
const BASIC_HEADER: &str = "Basic YW5uOnMzY3JldA==";

#[tokio::test]
async fn a_private_repository_is_fetched_with_a_token_or_a_password() {
    let fixture = Fixture::new();
    let password = Secret::new("s3cret");
    let basic = CredentialSecret::Basic {
        username: "ann".to_owned(),
        password,
    };
    for (header, credential) in [
        (TOKEN_HEADER, Some(token(&fixture.server.address, "s3cret"))),
        (
            BASIC_HEADER,
            Some(SourceCredential {
                host: fixture.server.address.to_string(),
                secret: basic,
            }),
        ),
    ] {
        fixture.server.behave(Behavior::Require(header.to_owned()));
        let mut request = fixture.request();
        request.credential = credential;
        let tree = fixture.fetch(&request).await.unwrap();
        assert_eq!(read(&tree, "src/main.txt").await.as_deref(), Some("one\n"));
    }
}

#[tokio::test]
async fn a_missing_or_wrong_credential_is_unauthenticated_and_stays_secret() {
    let fixture = Fixture::new();
    fixture
        .server
        .behave(Behavior::Require(TOKEN_HEADER.to_owned()));
    let mut request = fixture.request();
    let error = fixture.resolve(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error:?}");
    assert!(error.hint().is_some() && !error.is_retryable());
    request.credential = Some(token(&fixture.server.address, "wr0ng"));
    let error = fixture.resolve(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error:?}");
    let text = format!("{error} {error:?} {request:?}");
    assert!(
        !text.contains("wr0ng") && !text.contains("eC1hY2Nl"),
        "{text}"
    );
    assert!(
        fixture
            .server
            .take_log()
            .iter()
            .all(|it| !it.path.contains("wr0ng"))
    );
}

#[tokio::test]
async fn a_credential_is_sent_to_its_own_host_and_port_only() {
    let fixture = Fixture::new();
    let port = fixture.server.address.port();
    for host in [
        "127.0.0.1".to_owned(),
        format!("localhost:{port}"),
        "127.0.0.1:1".to_owned(),
        format!("127.0.0.2:{port}"),
    ] {
        let mut request = fixture.request();
        request.credential = Some(token(&host, "s3cret"));
        fixture.resolve(&request).await.unwrap();
        for received in fixture.server.take_log() {
            assert_eq!(received.header("authorization"), None, "{host}");
        }
    }
}

#[tokio::test]
async fn a_redirect_to_another_host_never_carries_the_credential() {
    let fixture = Fixture::new();
    let other = Server::start(&fixture.directory.path().join("git"));
    let mut request = fixture.request();
    request.credential = Some(token(&fixture.server.address, "s3cret"));
    fixture
        .server
        .behave(Behavior::Redirect(format!("http://{}", other.address)));
    // What needs no credential is still found there.
    let tree = fixture.fetch(&request).await.unwrap();
    assert_eq!(read(&tree, "src/main.txt").await.as_deref(), Some("one\n"));
    let log = other.take_log();
    assert!(log.iter().any(|it| it.method == "POST"));
    assert!(
        log.iter().all(|it| it.header("authorization").is_none()),
        "{log:?}"
    );
    assert!(
        fixture
            .server
            .take_log()
            .iter()
            .all(|it| it.header("authorization").is_some())
    );
    // What needs one is refused, and the error says why.
    other.behave(Behavior::Require(TOKEN_HEADER.to_owned()));
    let error = fixture.resolve(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(
        error.hint().unwrap().contains("never sent to another host"),
        "{error:?}"
    );
}

#[tokio::test]
async fn odd_redirects_are_refused() {
    let fixture = Fixture::new();
    for location in [
        "file:///etc",
        "git://127.0.0.1",
        "http://ann:pw@127.0.0.1:1",
        "ftp://127.0.0.1",
        "ext::sh",
    ] {
        fixture
            .server
            .behave(Behavior::Redirect(location.to_owned()));
        let error = fixture.resolve(&fixture.request()).await.unwrap_err();
        assert!(!error.is_retryable(), "{location}: {error:?}");
    }
    let own = format!("http://{}", fixture.server.address);
    fixture.server.behave(Behavior::Redirect(own));
    let error = fixture.resolve(&fixture.request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceFailed);
    assert!(error.message().contains("redirects too often"), "{error:?}");
}

#[tokio::test]
async fn the_strict_policy_reaches_no_loopback_address_by_any_name() {
    let fixture = Fixture::new();
    let fetcher = GitFetcher::new(GitOptions {
        policy: NetworkPolicy::strict(),
        ..options(fixture.directory.path())
    })
    .unwrap();
    let port = fixture.server.address.port();
    for host in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "127.1",
    ] {
        for scheme in ["http", "https", "ssh"] {
            let request = request(&format!("{scheme}://{host}:{port}/app/.git"));
            let error = fetcher
                .resolve(&request, &CancellationToken::new())
                .await
                .unwrap_err();
            // A key is asked for before ssh connects anywhere.
            let expected = if scheme == "ssh" {
                &[ErrorKind::InvalidSpec, ErrorKind::Unauthenticated][..]
            } else {
                &[ErrorKind::InvalidSpec]
            };
            assert!(
                expected.contains(&error.kind()),
                "{scheme} {host}: {error:?}"
            );
        }
    }
    let file = request(&format!("file://{}", fixture.repository.path.display()));
    let error = fetcher
        .resolve(&file, &CancellationToken::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSpec);
    assert!(fixture.server.take_log().is_empty());
}

#[tokio::test]
async fn a_redirect_to_a_forbidden_address_is_refused_when_connecting() {
    let fixture = Fixture::new();
    let other = Server::start(&fixture.directory.path().join("git"));
    let fetcher = GitFetcher::new(GitOptions {
        policy: NetworkPolicy {
            ranges: vec!["127.0.0.1/32".parse().unwrap()],
            ..NetworkPolicy::strict()
        },
        ..options(fixture.directory.path())
    })
    .unwrap();
    let request = fixture.request();
    let cancel = CancellationToken::new();
    fetcher.resolve(&request, &cancel).await.unwrap();
    let port = other.address.port();
    for host in ["127.0.0.2", "169.254.169.254", "[::1]"] {
        fixture
            .server
            .behave(Behavior::Redirect(format!("http://{host}:{port}")));
        let error = fetcher.resolve(&request, &cancel).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{host}: {error:?}");
    }
    assert!(other.take_log().is_empty());
}

#[tokio::test]
async fn a_hung_server_is_left_at_once_when_the_call_is_cancelled() {
    let fixture = Fixture::new();
    let request = fixture.request();
    let revision = fixture.resolve(&request).await.unwrap();
    for behavior in [Behavior::Hang, Behavior::HangInPack] {
        fixture.server.behave(behavior);
        fixture.server.take_log();
        let cancel = CancellationToken::new();
        let fetching = fixture.fetcher.fetch(&request, &revision, &cancel);
        let cancelling = async {
            fixture.server.received().await;
            let asked = Instant::now();
            cancel.cancel();
            asked
        };
        let (result, asked) = tokio::join!(fetching, cancelling);
        assert_eq!(result.err().unwrap().kind(), ErrorKind::Cancelled);
        assert!(
            asked.elapsed() < Duration::from_secs(1),
            "{:?}",
            asked.elapsed()
        );
    }
    fixture.server.behave(Behavior::Serve);
    fixture.fetch(&request).await.unwrap();
}

#[tokio::test]
async fn a_caller_that_is_gone_is_not_worked_for() {
    let fixture = Fixture::new();
    fixture.server.behave(Behavior::Hang);
    let request = fixture.request();
    let resolving = tokio::time::timeout(Duration::from_millis(300), fixture.resolve(&request));
    assert!(resolving.await.is_err());
    // The hung server sees the connection end, and so ends the request that it was reading.
    fixture.server.behave(Behavior::Serve);
    fixture.resolve(&request).await.unwrap();
}

#[tokio::test]
async fn a_cancelled_call_does_not_even_begin() {
    let fixture = Fixture::new();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let request = fixture.request();
    let error = fixture
        .fetcher
        .resolve(&request, &cancel)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    let revision = fixture.resolve(&request).await.unwrap();
    let error = fixture
        .fetcher
        .fetch(&request, &revision, &cancel)
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn silence_and_slowness_end_with_timed_out() {
    let fixture = Fixture::new();
    let fetcher = GitFetcher::new(GitOptions {
        idle_timeout: Duration::from_millis(300),
        timeout: Duration::from_secs(2),
        ..options(fixture.directory.path())
    })
    .unwrap();
    let request = fixture.request();
    let cancel = CancellationToken::new();
    // Never silent for long, and never done either.
    let slow = Behavior::Slow(1, Duration::from_millis(100));
    for behavior in [Behavior::Hang, slow] {
        fixture.server.behave(behavior.clone());
        let started = Instant::now();
        let error = fetcher.resolve(&request, &cancel).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{behavior:?}: {error:?}");
        assert!(error.is_retryable());
        assert!(
            started.elapsed() < Duration::from_secs(4),
            "{:?}",
            started.elapsed()
        );
    }
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_of_a_pack_is_worth_a_retry() {
    let fixture = Fixture::new();
    let request = fixture.request();
    let revision = fixture.resolve(&request).await.unwrap();
    let cancel = CancellationToken::new();
    for bytes in [1, 40, 150] {
        fixture.server.behave(Behavior::CutAfter(bytes));
        let error = fixture
            .fetcher
            .fetch(&request, &revision, &cancel)
            .await
            .err()
            .unwrap();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{bytes}: {error:?}");
        assert!(error.is_retryable());
    }
    fixture.server.behave(Behavior::Serve);
    let tree = fixture
        .fetcher
        .fetch(&request, &revision, &cancel)
        .await
        .unwrap();
    assert_eq!(read(&tree, "src/main.txt").await.as_deref(), Some("one\n"));
}

#[tokio::test]
async fn garbage_is_an_error_and_never_a_panic() {
    let fixture = Fixture::new();
    let smart = "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nConnection: close\r\n\r\n";
    for (garbage, kinds) in [
        (
            "\0\u{1}\u{2}\u{3}\r\n\r\n".to_owned(),
            &[ErrorKind::Unavailable][..],
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi".to_owned(),
            &[ErrorKind::SourceFailed],
        ),
        (
            smart.to_owned(),
            &[ErrorKind::SourceFailed, ErrorKind::Unavailable],
        ),
        (
            format!("{smart}zzzz"),
            &[ErrorKind::SourceFailed, ErrorKind::Unavailable],
        ),
        (
            format!("{smart}0000"),
            &[ErrorKind::SourceFailed, ErrorKind::Unavailable],
        ),
        (
            format!("{smart}001e# service=git-upload-pack\n0000000eversion 9\n0000"),
            &[ErrorKind::SourceFailed, ErrorKind::Unavailable],
        ),
        (
            format!("{smart}001e# service=git-upload-pack\n0000fff0"),
            &[ErrorKind::SourceFailed, ErrorKind::Unavailable],
        ),
        (
            format!("{smart}0008ERR "),
            &[ErrorKind::SourceFailed, ErrorKind::Unavailable],
        ),
    ] {
        fixture
            .server
            .behave(Behavior::Raw(garbage.clone().into_bytes()));
        let error = fixture.resolve(&fixture.request()).await.unwrap_err();
        assert!(kinds.contains(&error.kind()), "{garbage:?}: {error:?}");
    }
}

#[tokio::test]
async fn an_endless_list_of_references_ends() {
    let fixture = Fixture::new();
    let mut answer =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n"
            .to_vec();
    answer.extend_from_slice(b"001e# service=git-upload-pack\n0000");
    let id = "1".repeat(40);
    let first = format!("{id} HEAD\0side-band-64k\n");
    answer.extend_from_slice(format!("{:04x}{first}", first.len() + 4).as_bytes());
    let line = format!("{id} refs/heads/{}\n", "x".repeat(60_000));
    for _ in 0..1_200 {
        answer.extend_from_slice(format!("{:04x}{line}", line.len() + 4).as_bytes());
    }
    fixture.server.behave(Behavior::Raw(answer));
    let error = fixture.resolve(&fixture.request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
    assert!(error.message().contains("larger than allowed"), "{error:?}");
}

#[tokio::test]
async fn every_status_becomes_the_right_kind() {
    let fixture = Fixture::new();
    let answer = |status: &str| {
        Behavior::Raw(
            format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nRetry-After: 7\r\n\r\n")
                .into_bytes(),
        )
    };
    let later = Retry::After(Some(Duration::from_secs(7)));
    for (status, kind, retry) in [
        ("401 Unauthorized", ErrorKind::Unauthenticated, Retry::Never),
        ("403 Forbidden", ErrorKind::Unauthenticated, Retry::Never),
        ("404 Not Found", ErrorKind::SourceFailed, Retry::Never),
        ("418 I'm a teapot", ErrorKind::SourceFailed, Retry::Never),
        ("429 Too Many Requests", ErrorKind::RateLimited, later),
        ("500 Internal Server Error", ErrorKind::Unavailable, later),
        ("503 Service Unavailable", ErrorKind::Unavailable, later),
    ] {
        fixture.server.behave(answer(status));
        let error = fixture.resolve(&fixture.request()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.retry()),
            (kind, retry),
            "{status}: {error:?}"
        );
    }
    fixture.server.behave(Behavior::Serve);
    let error = fixture
        .resolve(&request(&fixture.server.url("nothing-here")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
}

#[tokio::test]
async fn an_unknown_host_and_a_closed_port_are_worth_a_retry() {
    let fixture = Fixture::new();
    for url in [
        "http://127.0.0.1:1/app",
        "http://does-not-exist.invalid/app",
    ] {
        let error = fixture.resolve(&request(url)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn https_works_with_an_own_authority_and_not_without_it() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let fixture = Fixture::serving(|root| Server::start_tls(root, config));
    let url = format!(
        "https://localhost:{}/app/.git",
        fixture.server.address.port()
    );
    let cancel = CancellationToken::new();
    let error: Error = fixture.resolve(&request(&url)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
    let fetcher = GitFetcher::new(GitOptions {
        authorities: vec![made.cert.pem()],
        ..options(fixture.directory.path())
    })
    .unwrap();
    let request = request(&url);
    let revision = fetcher.resolve(&request, &cancel).await.unwrap();
    let tree = fetcher.fetch(&request, &revision, &cancel).await.unwrap();
    assert_eq!(read(&tree, "src/main.txt").await.as_deref(), Some("one\n"));
    // Nothing that was asked for over TLS is asked for again in clear.
    let plain = Arc::new(Server::start(&fixture.directory.path().join("git")));
    fixture
        .server
        .behave(Behavior::Redirect(format!("http://{}", plain.address)));
    let error = fetcher.resolve(&request, &cancel).await.unwrap_err();
    assert!(
        error.message().contains("transport that is refused"),
        "{error:?}"
    );
    assert!(plain.take_log().is_empty());
}
