//! The baseline of a list: a handler of axum that answers stored bytes after one query, and does nothing else.

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use sqlx::SqlitePool;
use tokio::net::TcpListener;

/// The statement behind the list of the server, for somebody who may see everything.
const LIST: &str = "SELECT id, version, project_id, service_name, spec, stopped, current_release_id,
        webhook_secret, database_id, created_at, updated_at
    FROM applications WHERE database_id IS NULL AND deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2";

struct Bare {
    pool: SqlitePool,
    body: Vec<u8>,
}

/// Serves with the file of a database to ask, and one with the bytes to answer.
pub(crate) async fn serve(database: &str, body: &str) -> Result<()> {
    let pool = SqlitePool::connect(&format!("sqlite://{database}")).await?;
    let body = std::fs::read(body)?;
    let router = Router::new()
        .route("/api/applications", get(list))
        .with_state(Arc::new(Bare { pool, body }));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    axum::serve(listener, router).await?;
    Ok(())
}

#[expect(
    clippy::print_stdout,
    reason = "whoever started it reads where it listens"
)]
fn say(line: &str) {
    println!("{line}");
}

async fn list(State(bare): State<Arc<Bare>>) -> impl IntoResponse {
    let rows = sqlx::query(LIST)
        .bind(&[0xff_u8; 16][..])
        .bind(51)
        .fetch_all(&bare.pool)
        .await;
    match rows {
        Ok(rows) if !rows.is_empty() => {
            Ok(([(CONTENT_TYPE, "application/json")], bare.body.clone()))
        }
        _ => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
