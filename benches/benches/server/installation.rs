//! An owner, a project and applications on a fresh server.

use anyhow::Result;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::{Client, field};
use crate::process::Server;

/// Connections that make things at the same time.
const MAKERS: usize = 8;

pub(crate) struct Installation {
    pub(crate) token: String,
    pub(crate) project: String,
    pub(crate) applications: Vec<String>,
}

impl Installation {
    pub(crate) async fn on(server: &Server, applications: usize) -> Result<Self> {
        let mut client = Client::connect(server.address, None).await?;
        let account = json!({"username": "owner", "password": "a long pass phrase of the bench"});
        let token = field(&client.post("/api/auth/register", &account).await?, "token")?;
        let mut client = Client::connect(server.address, Some(&token)).await?;
        let project = client
            .post("/api/projects", &json!({"name": "bench"}))
            .await?;
        let project = field(&project, "id")?;
        let mut made = Self {
            token,
            project,
            applications: Vec::new(),
        };
        made.applications = made.make(server, applications).await?;
        Ok(made)
    }

    async fn make(&self, server: &Server, count: usize) -> Result<Vec<String>> {
        let mut running = JoinSet::new();
        for maker in 0..MAKERS {
            let mut client = Client::connect(server.address, Some(&self.token)).await?;
            let project = self.project.clone();
            running.spawn(async move {
                let mut made = Vec::new();
                for number in (maker..count).step_by(MAKERS) {
                    let body = application(&project, number);
                    let application = client.post("/api/applications", &body).await?;
                    made.push(field(&application, "id")?);
                }
                anyhow::Ok(made)
            });
        }
        let mut all = Vec::new();
        for made in running.join_all().await {
            all.extend(made?);
        }
        Ok(all)
    }
}

/// An application as people have them: a few variables, a port, a health check and a domain.
fn application(project: &str, number: usize) -> Value {
    json!({
        "projectId": project,
        "name": format!("shop-{number}"),
        "gitSource": {"repoUrl": format!("https://git.example.com/shop-{number}.git"), "branch": "main"},
        "replicas": 2,
        "envVars": [
            {"key": "LOG_LEVEL", "value": "info"},
            {"key": "REGION", "value": "eu-west"},
            {"key": "API_TOKEN", "value": "a value that is sealed", "secret": true},
        ],
        "ports": [{"target": 8080, "mode": "ingress"}],
        "domains": [{"host": format!("shop-{number}.example.com"), "port": 8080, "https": true}],
        "healthCheck": {"command": ["/healthy"], "interval": 10, "timeout": 5, "retries": 3},
        "memoryLimit": 256,
        "cpuLimit": 0.5,
    })
}
