//! Git over ssh against OpenSSH's own server on loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dokploy_core::ErrorKind;
use dokploy_core::model::CredentialSecret;
use dokploy_core::secret::Secret;
use dokploy_core::source::{
    GitFetcher, GitOptions, NetworkPolicy, SourceCredential, SourceFetcher, SourceRequest,
};
use tokio_util::sync::CancellationToken;

use dokploy_tests::environment::skip;

use crate::{Fixture, environment, options, read, request};

/// An ssh server with one host key, that lets one key in.
struct Sshd {
    directory: PathBuf,
    port: u16,
    child: Child,
    host_key: String,
}

impl Sshd {
    /// Starts it; `None` where the machine has no such program, which a test says.
    fn start(directory: &Path, extra: &str) -> Option<Self> {
        let program = Path::new("/usr/sbin/sshd");
        if !program.exists() {
            skip("sshd", &format!("there is no {}", program.display()));
            return None;
        }
        let directory = directory.join("ssh");
        fs::create_dir_all(&directory).unwrap();
        // Where the server separates its privileges; it makes nothing in there.
        fs::create_dir_all("/run/sshd").unwrap();
        keygen(&directory.join("host"), "ed25519", "");
        keygen(&directory.join("user"), "ed25519", "");
        keygen(&directory.join("locked"), "ed25519", "open sesame");
        keygen(&directory.join("ecdsa"), "ecdsa", "");
        keygen(&directory.join("stranger"), "ed25519", "");
        let public = ["user.pub", "locked.pub", "ecdsa.pub"]
            .map(|name| fs::read_to_string(directory.join(name)).unwrap());
        fs::write(directory.join("authorized_keys"), public.concat()).unwrap();
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let shown = directory.display();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {shown}/host\nAuthorizedKeysFile {shown}/authorized_keys\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nStrictModes no\nUsePAM no\nPidFile none\n\
             PermitRootLogin yes\nSetEnv PATH={}\n{extra}\n",
            environment("PATH")
        );
        fs::write(directory.join("config"), config).unwrap();
        let child = command(program)
            .args(["-D", "-e", "-f"])
            .arg(directory.join("config"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let host_key = fs::read_to_string(directory.join("host.pub")).unwrap();
        let server = Self {
            directory,
            port,
            child,
            host_key,
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "sshd does not start");
            std::thread::yield_now();
        }
        Some(server)
    }

    fn request(&self, repository: &Path) -> SourceRequest {
        let user = String::from_utf8(command(Path::new("id")).arg("-un").output().unwrap().stdout)
            .unwrap();
        let mut request = request(&format!(
            "ssh://{}@127.0.0.1:{}{}",
            user.trim(),
            self.port,
            repository.display()
        ));
        request.credential = Some(self.credential("user", None));
        request
    }

    fn credential(&self, key: &str, passphrase: Option<&str>) -> SourceCredential {
        SourceCredential {
            host: format!("127.0.0.1:{}", self.port),
            secret: CredentialSecret::SshKey {
                private_key: Secret::new(fs::read_to_string(self.directory.join(key)).unwrap()),
                passphrase: passphrase.map(Secret::from),
                host_keys: vec![self.host_key.clone()],
            },
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "tests run the real server")]
fn command(program: &Path) -> Command {
    Command::new(program)
}

fn keygen(path: &Path, kind: &str, passphrase: &str) {
    let status = command(Path::new("ssh-keygen"))
        .args([
            "-q", "-a", "1", "-t", kind, "-N", passphrase, "-C", "", "-f",
        ])
        .arg(path)
        .status()
        .unwrap();
    assert!(status.success());
}

#[tokio::test]
async fn a_private_repository_is_fetched_with_a_key() {
    for accept in ["AcceptEnv GIT_PROTOCOL", ""] {
        let fixture = Fixture::new();
        let Some(sshd) = Sshd::start(fixture.directory.path(), accept) else {
            return;
        };
        let mut request = sshd.request(&fixture.repository.path);
        for credential in [
            sshd.credential("user", None),
            sshd.credential("locked", Some("open sesame")),
            sshd.credential("ecdsa", None),
        ] {
            request.credential = Some(credential);
            fixture
                .repository
                .write("src/main.txt", format!("{:?}\n", Instant::now()));
            let head = fixture.repository.commit("More");
            let tree = fixture.fetch(&request).await.unwrap();
            assert_eq!(tree.revision().unwrap().id, head);
            let there = fs::read_to_string(fixture.repository.path.join("src/main.txt")).unwrap();
            assert_eq!(read(&tree, "src/main.txt").await, Some(there));
        }
    }
}

#[tokio::test]
async fn a_path_with_shell_characters_is_only_a_path() {
    let fixture = Fixture::new();
    let Some(sshd) = Sshd::start(fixture.directory.path(), "") else {
        return;
    };
    let odd = fixture.directory.path().join("git/it's;touch${IFS}pwned");
    fs::rename(&fixture.repository.path, &odd).unwrap();
    let tree = fixture.fetch(&sshd.request(&odd)).await.unwrap();
    assert_eq!(read(&tree, "src/main.txt").await.as_deref(), Some("one\n"));
}

#[tokio::test]
async fn a_wrong_key_is_unauthenticated_and_stays_secret() {
    let fixture = Fixture::new();
    let Some(sshd) = Sshd::start(fixture.directory.path(), "") else {
        return;
    };
    let mut request = sshd.request(&fixture.repository.path);
    let mut wrong = sshd.credential("user", None);
    wrong.secret = CredentialSecret::SshKey {
        private_key: Secret::new(
            "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----",
        ),
        passphrase: None,
        host_keys: vec![sshd.host_key.clone()],
    };
    for credential in [
        Some(sshd.credential("stranger", None)),
        Some(sshd.credential("locked", None)),
        Some(sshd.credential("locked", Some("hunter2"))),
        Some(wrong),
        None,
    ] {
        request.credential = credential;
        let error = fixture.resolve(&request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error:?}");
        assert!(error.hint().is_some() && !error.is_retryable());
        assert!(
            !format!("{error:?} {request:?}").contains("hunter2"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn an_unknown_host_key_is_refused() {
    let fixture = Fixture::new();
    let Some(sshd) = Sshd::start(fixture.directory.path(), "") else {
        return;
    };
    let stranger = fs::read_to_string(sshd.directory.join("stranger.pub")).unwrap();
    let ecdsa = fs::read_to_string(sshd.directory.join("ecdsa.pub")).unwrap();
    for host_keys in [
        vec![],
        vec![stranger],
        vec![ecdsa],
        vec!["no key".to_owned()],
    ] {
        let mut request = sshd.request(&fixture.repository.path);
        if let Some(SourceCredential {
            secret: CredentialSecret::SshKey {
                host_keys: known, ..
            },
            ..
        }) = &mut request.credential
        {
            known.clone_from(&host_keys);
        }
        let error = fixture.resolve(&request).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Unauthenticated,
            "{host_keys:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_missing_repository_is_named_with_what_the_server_says() {
    let fixture = Fixture::new();
    let Some(sshd) = Sshd::start(fixture.directory.path(), "") else {
        return;
    };
    let error = fixture
        .resolve(&sshd.request(Path::new("/nowhere/app")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
    assert!(
        error
            .message()
            .contains("does not appear to be a git repository"),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_strict_policy_holds_for_ssh() {
    let fixture = Fixture::new();
    let Some(sshd) = Sshd::start(fixture.directory.path(), "") else {
        return;
    };
    let fetcher = GitFetcher::new(GitOptions {
        policy: NetworkPolicy::strict(),
        ..options(fixture.directory.path())
    })
    .unwrap();
    let mut request = sshd.request(&fixture.repository.path);
    for host in ["127.0.0.1", "localhost"] {
        let path = fixture.repository.path.display();
        if let dokploy_core::model::Source::Git(source) = &mut request.source {
            source.repo_url = format!("ssh://root@{host}:{}{path}", sshd.port);
        }
        request.credential.as_mut().unwrap().host = format!("{host}:{}", sshd.port);
        let error = fetcher
            .resolve(&request, &CancellationToken::new())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_when_the_call_is_cancelled() {
    let fixture = Fixture::new();
    let Some(sshd) = Sshd::start(fixture.directory.path(), "") else {
        return;
    };
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut request = request(&format!("ssh://git@127.0.0.1:{port}/app"));
    request.credential = Some(SourceCredential {
        host: format!("127.0.0.1:{port}"),
        ..sshd.credential("user", None)
    });
    let cancel = CancellationToken::new();
    let resolving = fixture.fetcher.resolve(&request, &cancel);
    let cancelling = async {
        let connection = silent.accept().await.unwrap();
        cancel.cancel();
        (connection, Instant::now())
    };
    let (result, (_connection, asked)) = tokio::join!(resolving, cancelling);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(asked.elapsed() < Duration::from_secs(1));
}
