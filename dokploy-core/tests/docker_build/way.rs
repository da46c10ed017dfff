//! The ways to an engine: TLS with certificates of both sides, TCP, and an engine that offers less.

use std::path::Path;
use std::sync::Arc;

use dokploy_core::runtime::{BuildRequest, DockerOptions, DockerRuntime, DockerTls};
use dokploy_core::{ContainerRuntime, ErrorKind};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, UnixStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, Log, files, secret};

/// Passes connections on to an engine until it is dropped.
struct Proxy {
    port: u16,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// With TLS where an acceptor is given; answers requests for `refused` itself, with "not found".
    async fn start(engine: &Engine, tls: Option<TlsAcceptor>, refused: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let socket = engine.socket.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (socket, tls) = (socket.clone(), tls.clone());
                connections.spawn(async move {
                    match tls {
                        None => pass_on(client, &socket, refused).await,
                        Some(tls) => {
                            if let Ok(client) = tls.accept(client).await {
                                pass_on(client, &socket, refused).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            port,
            _tasks: tasks,
        }
    }
}

async fn pass_on(mut client: impl AsyncRead + AsyncWrite + Unpin, socket: &str, refused: &str) {
    let mut head = vec![0; 4096];
    let Ok(length) = client.read(&mut head).await else {
        return;
    };
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    if String::from_utf8_lossy(line).contains(refused) {
        let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        client.write_all(answer).await.unwrap();
        return;
    }
    let mut engine = UnixStream::connect(socket).await.unwrap();
    engine.write_all(&head[..length]).await.unwrap();
    // Either side may hang up when it has heard enough.
    let _ = copy_bidirectional(&mut client, &mut engine).await;
}

async fn builds(runtime: &DockerRuntime, engine: &Engine, request: &BuildRequest) -> Arc<Log> {
    let log = Arc::new(Log::default());
    let dockerfile = engine.dockerfile("RUN echo hello");
    let context = files(&[("Dockerfile", &dockerfile)]);
    let never = CancellationToken::new();
    runtime
        .build_image(request, context, log.clone(), &never)
        .await
        .unwrap();
    log
}

#[tokio::test]
async fn an_engine_without_sessions_builds_with_its_classic_builder() {
    let Some(engine) = Engine::find() else { return };
    let proxy = Proxy::start(&engine, None, "/session").await;
    let runtime = DockerRuntime::new(DockerOptions {
        host: format!("tcp://127.0.0.1:{}", proxy.port),
        ..DockerOptions::default()
    })
    .unwrap();
    let mut request = engine.request();
    let log = builds(&runtime, &engine, &request).await;
    assert!(log.has("the classic builder is used"), "{}", log.text());
    assert!(log.has(" : RUN echo hello"), "{}", log.text());
    assert_eq!(runtime.info().await.unwrap().disk_free, None);

    request.secrets.insert("token".to_owned(), secret());
    let context = files(&[("Dockerfile", &engine.dockerfile("RUN true"))]);
    let never = CancellationToken::new();
    let refused = runtime.build_image(&request, context, log, &never).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
}

/// Makes an authority and a certificate of it for each side, in the files that Docker has for them.
fn certificates(folder: &Path) -> TlsAcceptor {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    std::fs::write(folder.join("ca.pem"), authority_pem).unwrap();
    for (side, name) in [("server-", "127.0.0.1"), ("", "client")] {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()])
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        std::fs::write(folder.join(format!("{side}cert.pem")), certificate.pem()).unwrap();
        std::fs::write(folder.join(format!("{side}key.pem")), key.serialize_pem()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(folder.join("ca.pem")).unwrap();
    roots.add(authority).unwrap();
    let clients =
        rustls::server::WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
            .build()
            .unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(
            vec![CertificateDer::from_pem_file(folder.join("server-cert.pem")).unwrap()],
            PrivateKeyDer::from_pem_file(folder.join("server-key.pem")).unwrap(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn an_engine_is_reached_and_builds_over_tls_and_only_with_the_right_certificates() {
    let Some(engine) = Engine::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let acceptor = certificates(folder.path());
    certificates(other.path());
    let proxy = Proxy::start(&engine, Some(acceptor), "/nothing").await;
    let runtime = |folder: &Path| {
        DockerRuntime::new(DockerOptions {
            host: format!("tcp://127.0.0.1:{}", proxy.port),
            tls: Some(DockerTls {
                ca: folder.join("ca.pem"),
                certificate: folder.join("cert.pem"),
                key: folder.join("key.pem"),
            }),
            ..DockerOptions::default()
        })
        .unwrap()
    };
    let mut request = engine.request();
    request.secrets.insert("token".to_owned(), secret());
    let log = builds(&runtime(folder.path()), &engine, &request).await;
    assert!(log.printed("hello"), "{}", log.text());
    let error = runtime(other.path()).info().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
}
