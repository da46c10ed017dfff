//! Releases in SQL.

use async_trait::async_trait;

use super::SqlStore;
use super::session::Session;
use super::statement::statements;
use super::value::{Row, json};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{ApplicationId, ReleaseId};
use crate::model::{Page, PageRequest, Release};
use crate::store::{Fence, ReleaseStore, refusal};

statements! {
    columns = "id, application_id, deployment_id, image, image_reference, build_fingerprint, revision, spec,
        created_at, stable_at, retired_at";

    FENCE = [
        "SELECT id FROM deployments WHERE id = $1 AND worker_id = $2 AND epoch = $3 AND lease_until > " now lock
    ];
    FIND_OF_DEPLOYMENT = ["SELECT " columns " FROM releases WHERE deployment_id = $1"];
    INSERT = [
        "INSERT INTO releases (" columns ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    ];
    FIND = ["SELECT " columns " FROM releases WHERE id = $1"];
    LIST = [
        "SELECT " columns " FROM releases WHERE application_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
    ];
    FIND_BY_FINGERPRINT = [
        "SELECT " columns " FROM releases
         WHERE application_id = $1 AND build_fingerprint = $2 AND retired_at IS NULL ORDER BY id DESC LIMIT 1"
    ];
    PROMOTE = [
        "UPDATE releases SET stable_at = COALESCE(stable_at, $3) WHERE id = $1 AND application_id = $2 RETURNING id"
    ];
    MAKE_CURRENT = ["UPDATE applications SET current_release_id = $2 WHERE id = $1"];
    LOCK_APPLICATION = ["SELECT id FROM applications WHERE id = $1" lock];
    RETIRE = [
        "UPDATE releases SET retired_at = $3
         WHERE application_id = $1 AND retired_at IS NULL
           AND NOT EXISTS (
               SELECT 1 FROM applications WHERE applications.id = $1 AND current_release_id = releases.id)
           AND NOT EXISTS (
               SELECT 1 FROM deployments
               WHERE deployments.application_id = $1 AND queue <> 'done'
                 AND (target_release_id = releases.id OR deployments.id = releases.deployment_id))
           AND CASE WHEN stable_at IS NULL
               THEN id < (
                   SELECT id FROM releases AS stable
                   WHERE application_id = $1 AND retired_at IS NULL AND stable_at IS NOT NULL
                   ORDER BY id DESC LIMIT 1)
               ELSE id NOT IN (
                   SELECT id FROM releases AS stable
                   WHERE application_id = $1 AND retired_at IS NULL AND stable_at IS NOT NULL
                   ORDER BY id DESC LIMIT $2)
               END
         RETURNING id"
    ];
    RETAINED = [
        "SELECT " columns " FROM releases
         WHERE retired_at IS NULL
           AND application_id IN (SELECT id FROM applications WHERE deleted_at IS NULL)
         ORDER BY id"
    ];
}

fn read(mut row: Row) -> Result<Release> {
    Ok(Release {
        id: row.take()?,
        application_id: row.take()?,
        deployment_id: row.take()?,
        image: row.take()?,
        image_reference: row.take()?,
        build_fingerprint: row.take()?,
        revision: row.take_json()?,
        spec: row.take_json()?,
        created_at: row.take()?,
        stable_at: row.take()?,
        retired_at: row.take()?,
    })
}

/// Makes a release stable and its application's current one. The caller holds the lock of the application.
pub(super) async fn promote(
    transaction: &mut Session,
    application: ApplicationId,
    release: ReleaseId,
    at: Timestamp,
) -> Result<()> {
    let promote = PROMOTE.bind(release).bind(application).bind(at);
    if transaction.optional(promote).await?.is_none() {
        return Err(Error::not_found("release", release));
    }
    transaction
        .execute(MAKE_CURRENT.bind(application).bind(release))
        .await
}

#[async_trait]
impl ReleaseStore for SqlStore {
    async fn create_release(&self, release: &Release, fence: Fence) -> Result<Release> {
        let insert = INSERT
            .bind(release.id)
            .bind(release.application_id)
            .bind(release.deployment_id)
            .bind(release.image.as_str())
            .bind(release.image_reference.as_str())
            .bind(release.build_fingerprint.as_deref())
            .bind(json(&release.revision)?)
            .bind(json(&release.spec)?)
            .bind(release.created_at)
            .bind(release.stable_at)
            .bind(release.retired_at);
        let check = FENCE
            .bind(release.deployment_id)
            .bind(fence.worker)
            .bind(fence.epoch);
        let mut transaction = self.begin().await?;
        if transaction.optional(check).await?.is_none() {
            return Err(refusal::lease_lost(release.deployment_id));
        }
        let earlier = FIND_OF_DEPLOYMENT.bind(release.deployment_id);
        if let Some(earlier) = transaction.optional(earlier).await? {
            return read(earlier);
        }
        transaction
            .execute(insert)
            .await
            .map_err(|error| refusal::if_taken(error, "release", release.id))?;
        transaction.commit().await?;
        Ok(release.clone())
    }

    async fn find_release(&self, id: ReleaseId) -> Result<Option<Release>> {
        let found = self.read().optional(FIND.bind(id)).await?;
        found.map(read).transpose()
    }

    async fn list_releases(
        &self,
        application: ApplicationId,
        page: PageRequest,
    ) -> Result<Page<Release>> {
        self.list(LIST.bind(application), page, read, |release| {
            release.id.as_uuid()
        })
        .await
    }

    async fn find_release_by_fingerprint(
        &self,
        application: ApplicationId,
        fingerprint: &str,
    ) -> Result<Option<Release>> {
        let find = FIND_BY_FINGERPRINT.bind(application).bind(fingerprint);
        self.read().optional(find).await?.map(read).transpose()
    }

    async fn retire_releases(
        &self,
        application: ApplicationId,
        keep: u32,
        at: Timestamp,
    ) -> Result<Vec<ReleaseId>> {
        let mut transaction = self.begin().await?;
        // Keeps a deployment that goes back to one of them from being accepted at the same moment.
        transaction
            .execute(LOCK_APPLICATION.bind(application))
            .await?;
        let retired = transaction
            .all(RETIRE.bind(application).bind(keep).bind(at))
            .await?;
        transaction.commit().await?;
        retired.into_iter().map(|mut row| row.take()).collect()
    }

    async fn retained_releases(&self) -> Result<Vec<Release>> {
        let rows = self.read().all(RETAINED.call()).await?;
        rows.into_iter().map(read).collect()
    }
}
