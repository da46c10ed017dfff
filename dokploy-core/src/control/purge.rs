//! Forgets what has had its time: sessions that ended, answers that nobody repeats any more.

use std::time::Duration;

use super::ControlPlane;
use crate::error::Result;

/// How often it is done. Nothing depends on it but the size of the database.
const INTERVAL: Duration = Duration::from_hours(1);

impl ControlPlane {
    /// Forgets what has had its time, now. Servers do it by themselves, one of them each hour.
    pub async fn purge(&self) -> Result<()> {
        let now = self.now();
        let store = self.store();
        let sessions = store.purge_sessions(now).await?;
        let answers = store.purge_idempotent(now).await?;
        tracing::debug!(sessions, answers, "what has had its time was forgotten");
        Ok(())
    }

    /// Goes on purging until the engine stops.
    pub(super) fn keep_purged(&self) {
        let control = self.clone();
        self.inner.engine.spawn(async move {
            let engine = control.engine();
            loop {
                tokio::time::sleep(INTERVAL).await;
                let ours = control
                    .store()
                    .acquire_right("purge", engine.worker(), INTERVAL / 2);
                if ours.await.unwrap_or(false)
                    && let Err(error) = control.purge().await
                {
                    tracing::warn!(error = %error, "the database grows until the next hour");
                }
            }
        });
    }
}
