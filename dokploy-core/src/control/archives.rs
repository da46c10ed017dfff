//! Uploads: an archive becomes the source of an application.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use sha2::{Digest, Sha256};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

use super::ControlPlane;
use super::audited::About;
use crate::access::{Action, Actor};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ApplicationId;
use crate::model::{Application, ApplicationSpec, PageRequest};
use crate::store::DeploymentFilter;

/// How often the new source is written down when somebody else changes the application at the same time.
const SAVE_TRIES_MAX: u32 = 5;

/// An archive that was uploaded.
#[derive(Clone, Debug)]
pub struct UploadedArchive {
    /// SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// The application, whose source it is now.
    pub application: Application,
}

impl ControlPlane {
    /// Takes an archive (tar, gzipped tar or zip) as the source of an application, in the place of the one that it
    /// had. It takes effect with the next deployment, which also finds out whether it can be unpacked.
    ///
    /// The bytes go to a file as they come. Its name is their digest, so that what a deployment has accepted never
    /// changes; of the archives of an application the newest few are kept, and those that a deployment waits for.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for an archive that is empty or too large, and what the stream answers.
    pub async fn upload_archive(
        &self,
        actor: &Actor,
        id: ApplicationId,
        content: BoxStream<'static, Result<Bytes>>,
    ) -> Result<UploadedArchive> {
        let work = async {
            self.application_for(actor, Action::ApplicationUpload, id)
                .await?;
            let directory = self.archives_of(id);
            let received =
                receive(&directory, self.inner.options.archive_bytes_max, content).await?;
            let path = directory.join(&received.digest);
            let application = self.set_archive(id, &path).await?;
            Ok(UploadedArchive {
                digest: received.digest,
                bytes: received.bytes,
                application,
            })
        };
        let about = About::thing("application", id);
        let uploaded = self
            .change(actor, Action::ApplicationUpload, about, work)
            .await?;
        if let Err(error) = self.tidy_archives(&uploaded.application).await {
            tracing::warn!(error = %error, application.id = %id, "old uploads stay for now");
        }
        Ok(uploaded)
    }

    /// Where the uploads of an application lie: below the one directory that archives are fetched from.
    pub(super) fn archives_of(&self, id: ApplicationId) -> PathBuf {
        self.inner
            .engine
            .data_dir()
            .join("archives")
            .join(id.to_string())
    }

    /// Removes the uploads of an application that is gone.
    pub(super) async fn forget_archives(&self, id: ApplicationId) -> Result<()> {
        match fs::remove_dir_all(self.archives_of(id)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(()),
        }
    }

    async fn set_archive(&self, id: ApplicationId, path: &Path) -> Result<Application> {
        let mut tries = 0;
        loop {
            tries += 1;
            let stored = self.inner.engine.application(id).await?;
            let spec = ApplicationSpec {
                archive: Some(path.to_owned()),
                git_source: None,
                image: None,
                directory: None,
                ..stored.spec
            };
            let saved = self
                .inner
                .engine
                .update_application(id, stored.version, spec)
                .await;
            match saved {
                Err(error) if error.kind() == ErrorKind::Conflict && tries < SAVE_TRIES_MAX => {}
                saved => return saved,
            }
        }
    }

    /// Removes all but the newest uploads and those that are still needed.
    async fn tidy_archives(&self, application: &Application) -> Result<()> {
        let needed = self.needed_archives(application).await?;
        let mut archives = Vec::new();
        let mut entries = fs::read_dir(self.archives_of(application.id))
            .await
            .map_err(failed)?;
        while let Some(entry) = entries.next_entry().await.map_err(failed)? {
            let written = entry.metadata().await.and_then(|found| found.modified());
            archives.push((written.map_err(failed)?, entry.path()));
        }
        archives.sort_by(|a, b| b.cmp(a));
        for (_, path) in archives
            .into_iter()
            .skip(self.inner.options.archives_kept.max(1))
        {
            let is_unfinished = path.extension().is_some();
            if !is_unfinished && !needed.contains(&path) {
                fs::remove_file(&path).await.map_err(failed)?;
            }
        }
        Ok(())
    }

    /// The archives that the application and its open deployments name.
    async fn needed_archives(&self, application: &Application) -> Result<BTreeSet<PathBuf>> {
        let filter = DeploymentFilter {
            application: Some(application.id),
            ..DeploymentFilter::default()
        };
        let page = PageRequest {
            limit: PageRequest::LIMIT_MAX,
            before: None,
        };
        let deployments = self.store().list_deployments(&filter, page).await?;
        let open = deployments
            .items
            .into_iter()
            .filter(|one| !one.state.status.is_terminal());
        let mut needed: BTreeSet<_> = open.filter_map(|one| one.spec.archive).collect();
        needed.extend(application.spec.archive.clone());
        Ok(needed)
    }
}

struct Received {
    digest: String,
    bytes: u64,
}

/// Writes a stream to a file that is named after its digest. What does not arrive whole leaves nothing.
async fn receive(
    directory: &Path,
    bytes_max: u64,
    content: BoxStream<'static, Result<Bytes>>,
) -> Result<Received> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(directory).await.map_err(failed)?;
    let (file, unfinished) = tempfile::Builder::new()
        .suffix(".part")
        .tempfile_in(directory)
        .map_err(failed)?
        .into_parts();
    let received = write(File::from_std(file), bytes_max, content).await?;
    unfinished
        .persist(directory.join(&received.digest))
        .map_err(|error| failed(error.error))?;
    Ok(received)
}

async fn write(
    mut file: File,
    bytes_max: u64,
    mut content: BoxStream<'static, Result<Bytes>>,
) -> Result<Received> {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    while let Some(chunk) = content.next().await {
        let chunk = chunk?;
        bytes += chunk.len() as u64;
        if bytes > bytes_max {
            let why = format!("is larger than the {bytes_max} bytes that are allowed for it");
            return Err(Error::invalid_field("archive", why));
        }
        hash.update(&chunk);
        file.write_all(&chunk).await.map_err(failed)?;
    }
    if bytes == 0 {
        return Err(Error::invalid_field("archive", "is empty"));
    }
    file.flush().await.map_err(failed)?;
    file.sync_all().await.map_err(failed)?;
    Ok(Received {
        digest: hex::encode(hash.finalize()),
        bytes,
    })
}

fn failed(error: io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "the upload cannot be stored")
        .with_source(error)
        .with_hint("look whether the data directory is full")
}
