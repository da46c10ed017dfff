//! Repositories of this machine. They are read where they are: nothing is copied, and no git program is asked.

use std::path::Path;

use gix::ObjectId;
use gix::refs::TargetRef;

use super::objects;
use super::reference::{self, Wanted};
use super::remote::RemoteReference;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Revision;

/// Asks where a reference points to.
pub(super) fn look_up(path: &Path, wanted: &Wanted, object_bytes_max: usize) -> Result<Revision> {
    let repository = objects::open(path, object_bytes_max)?.to_thread_local();
    let broken = |error| broken(path, error);
    if let Some(reference) = find(&repository, wanted.full_name()).map_err(broken)? {
        return Ok(reference::revision(&reference));
    }
    let others = branches(&repository).map_err(broken)?;
    Err(wanted.unknown(&path.display(), &others))
}

/// Opens a repository in which a commit is looked for.
pub(super) fn open(
    path: &Path,
    commit: ObjectId,
    object_bytes_max: usize,
) -> Result<gix::ThreadSafeRepository> {
    let repository = objects::open(path, object_bytes_max)?;
    if repository.to_thread_local().has_object(commit) {
        return Ok(repository);
    }
    Err(Error::new(
        ErrorKind::SourceFailed,
        format!("{} does not have the commit {commit}", path.display()),
    ))
}

fn find(repository: &gix::Repository, name: &str) -> gix::Result<Option<RemoteReference>> {
    // A name that is looked for in full: `HEAD` and `refs/…` are never completed.
    let full = gix::refs::FullName::try_from(name).map_err(gix::Error::from_error)?;
    let Some(mut reference) = repository.try_find_reference(full.as_ref())? else {
        return Ok(None);
    };
    let target = match reference.target() {
        TargetRef::Symbolic(target) => Some(target.as_bstr().to_string()),
        TargetRef::Object(_) => None,
    };
    // A branch that was never committed to has a name and nothing more.
    if let Some(target) = &target
        && repository.try_find_reference(target.as_str())?.is_none()
    {
        return Ok(None);
    }
    let commit = reference.peel_to_id()?.detach();
    Ok(Some(RemoteReference {
        name: name.to_owned(),
        target,
        commit,
    }))
}

fn branches(repository: &gix::Repository) -> gix::Result<Vec<RemoteReference>> {
    let platform = repository.references()?;
    let names = platform.all()?.filter_map(|reference| {
        let name = reference.ok()?.name().as_bstr().to_string();
        let commit = ObjectId::null(gix::hash::Kind::Sha1);
        Some(RemoteReference {
            name,
            target: None,
            commit,
        })
    });
    Ok(names.collect())
}

fn broken(path: &Path, error: gix::Error) -> Error {
    Error::new(
        ErrorKind::SourceFailed,
        format!("the git repository {} is damaged", path.display()),
    )
    .with_source(error)
}
