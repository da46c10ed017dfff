//! Where code may come from, for somebody who is not the program itself.

use std::path::Path;

use super::ControlPlane;
use crate::access::Actor;
use crate::error::{Error, Result};
use crate::id::ApplicationId;
use crate::model::ApplicationSpec;

/// Stands for an archive that was not uploaded yet.
const NOTHING_YET: &str = "nothing-uploaded-yet";

impl ControlPlane {
    /// Makes the upload the source of an application that was given none.
    pub(super) fn with_upload(&self, id: ApplicationId, spec: ApplicationSpec) -> ApplicationSpec {
        let has_source = spec.git_source.is_some()
            || spec.image.is_some()
            || spec.directory.is_some()
            || spec.archive.is_some();
        if has_source {
            return spec;
        }
        ApplicationSpec {
            archive: Some(self.archives_of(id).join(NOTHING_YET)),
            ..spec
        }
    }

    /// Refuses sources on the machine of the engine that are not this application's own uploads. What is stored may
    /// stay: the program itself said so.
    pub(super) fn check_sources(
        &self,
        actor: &Actor,
        id: ApplicationId,
        spec: &ApplicationSpec,
        stored: Option<&ApplicationSpec>,
    ) -> Result<()> {
        if actor.is_system() {
            return Ok(());
        }
        let refused = |field: &str, why: &str| {
            Err(Error::invalid_field(field, why)
                .with_hint("use a git repository or an image, or upload an archive"))
        };
        if spec.directory.is_some()
            && spec.directory.as_ref() != stored.and_then(|stored| stored.directory.as_ref())
        {
            return refused("directory", "files of the engine's machine are not allowed");
        }
        if let Some(archive) = &spec.archive
            && Some(archive) != stored.and_then(|stored| stored.archive.as_ref())
            && !self.is_own_upload(id, archive)
        {
            return refused("archive", "is not an upload of this application");
        }
        Ok(())
    }

    fn is_own_upload(&self, id: ApplicationId, archive: &Path) -> bool {
        let name = archive.file_name().and_then(|name| name.to_str());
        let is_named_so = name.is_some_and(|name| {
            name == NOTHING_YET || (name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit()))
        });
        is_named_so && archive.parent() == Some(&self.archives_of(id))
    }
}

/// Whether an application waits for its first upload.
pub(super) fn waits_for_upload(spec: &ApplicationSpec) -> bool {
    let name = spec.archive.as_ref().and_then(|path| path.file_name());
    name.is_some_and(|name| name == NOTHING_YET)
}
