//! The gRPC session in which `BuildKit` asks its client for secrets and for credentials.
//!
//! It lives on a connection of its own, which the engine turns around: there we are the server.

use std::collections::BTreeMap;
use std::pin::Pin;

use bollard::body_full;
use bollard_buildkit_proto::health::health_check_response::ServingStatus;
use bollard_buildkit_proto::health::health_server::{Health, HealthServer};
use bollard_buildkit_proto::health::{
    HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bollard_buildkit_proto::moby::filesync::v1::auth_server::{Auth, AuthServer};
use bollard_buildkit_proto::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse,
    GetTokenAuthorityRequest, GetTokenAuthorityResponse, VerifyTokenAuthorityRequest,
    VerifyTokenAuthorityResponse,
};
use bytes::Bytes;
use futures::Stream;
use hyper::Request;
use hyper::server::conn::http2;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioExecutor;
use hyper_util::service::TowerToHyperService;
use tonic::service::Routes;
use tonic::{Response, Status};

use super::super::connect::Engine;
use super::super::registry::is_same_host;
use crate::runtime::{BuildRequest, RegistryCredential};
use crate::secret::Secret;

/// What we can be asked for.
const METHODS: [&str; 2] = [
    "/moby.filesync.v1.Auth/Credentials",
    "/moby.buildkit.secrets.v1.Secrets/GetSecret",
];

/// A session that the engine knows by now.
pub(super) struct Session {
    id: String,
    connection: Upgraded,
    routes: Routes,
}

impl Session {
    /// Opens a session. The engine's refusal is returned as it is: then it has no `BuildKit`.
    pub(super) async fn open(
        engine: &Engine,
        request: &BuildRequest,
    ) -> Result<Self, bollard::errors::Error> {
        let id = hex::encode(rand::random::<[u8; 16]>());
        let mut open = Request::post("/session")
            .header("Connection", "Upgrade")
            .header("Upgrade", "h2c")
            .header("X-Docker-Expose-Session-Uuid", &id)
            .header("X-Docker-Expose-Session-Name", "dokploy");
        for method in METHODS {
            open = open.header("X-Docker-Expose-Session-Grpc-Method", method);
        }
        let response = engine
            .answer_in_time(open.body(body_full(Bytes::new()))?)
            .await?;
        Ok(Self {
            id,
            connection: hyper::upgrade::on(response).await?,
            routes: Routes::new(HealthServer::new(Alive))
                .add_service(SecretsServer::new(BuildSecrets(request.secrets.clone())))
                .add_service(AuthServer::new(Credentials(request.credentials.clone()))),
        })
    }

    /// What the build calls it by.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Answers the engine until it hangs up. Dropping the future closes the connection.
    pub(super) async fn serve(self) {
        let served = http2::Builder::new(TokioExecutor::new())
            .serve_connection(self.connection, TowerToHyperService::new(self.routes))
            .await;
        if let Err(error) = served {
            // The build itself tells what came of it.
            tracing::debug!(%error, "the session of a build ended");
        }
    }
}

#[derive(Debug)]
struct BuildSecrets(BTreeMap<String, Secret>);

#[tonic::async_trait]
impl Secrets for BuildSecrets {
    async fn get_secret(
        &self,
        request: tonic::Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        let id = &request.get_ref().id;
        let secret = self
            .0
            .get(id)
            .ok_or_else(|| Status::not_found(format!("the build has no secret {id}")))?;
        Ok(Response::new(GetSecretResponse {
            data: secret.expose().as_bytes().to_vec(),
        }))
    }
}

#[derive(Debug)]
struct Credentials(Vec<RegistryCredential>);

#[tonic::async_trait]
impl Auth for Credentials {
    async fn credentials(
        &self,
        request: tonic::Request<CredentialsRequest>,
    ) -> Result<Response<CredentialsResponse>, Status> {
        let host = &request.get_ref().host;
        let credential = self.0.iter().find(|known| is_same_host(&known.host, host));
        // No credential is an empty answer: the image may be public.
        Ok(Response::new(credential.map_or_else(
            CredentialsResponse::default,
            |credential| CredentialsResponse {
                username: credential.username.clone(),
                secret: credential.password.expose().to_owned(),
            },
        )))
    }

    // `BuildKit` fetches tokens itself from clients that cannot, with the credentials above.

    async fn fetch_token(
        &self,
        _: tonic::Request<FetchTokenRequest>,
    ) -> Result<Response<FetchTokenResponse>, Status> {
        Err(Status::unimplemented("tokens are fetched by the engine"))
    }

    async fn get_token_authority(
        &self,
        _: tonic::Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("tokens are fetched by the engine"))
    }

    async fn verify_token_authority(
        &self,
        _: tonic::Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("tokens are fetched by the engine"))
    }
}

/// The engine ends a session that does not say from time to time that it is well.
#[derive(Debug)]
struct Alive;

const SERVING: HealthCheckResponse = HealthCheckResponse {
    status: ServingStatus::Serving as i32,
};

#[tonic::async_trait]
impl Health for Alive {
    async fn check(
        &self,
        _: tonic::Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(SERVING))
    }

    async fn list(
        &self,
        _: tonic::Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        Ok(Response::new(HealthListResponse {
            statuses: [(String::new(), SERVING)].into(),
        }))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        _: tonic::Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let never_again = futures::stream::pending();
        Ok(Response::new(Box::pin(futures::StreamExt::chain(
            futures::stream::iter([Ok(SERVING)]),
            never_again,
        ))))
    }
}
