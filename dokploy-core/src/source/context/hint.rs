//! What to say when the directory or the Dockerfile of a context is missing.

use crate::error::{Error, Result};
use crate::source::tree::{self, EntryKind, TreePath, TreeReader};

/// Most names that a hint lists.
const NAMES_MAX: usize = 5;
/// Most directories that are searched for a Dockerfile.
const DIRECTORIES_MAX: usize = 50;

/// The error for a missing directory, with the directories that are there.
pub(super) fn missing_directory<R: TreeReader>(reader: &mut R, wanted: &TreePath) -> Result<Error> {
    let mut above = wanted.clone();
    let names = loop {
        above = above.parent();
        if let Some(names) = names_in(reader, &above, EntryKind::Directory)? {
            break names;
        }
    };
    let error = Error::invalid_field(
        "context",
        format!("the source has no directory {:?}", wanted.display()),
    );
    Ok(error.with_hint(match names.as_slice() {
        [] => format!("{:?} holds no directories", above.display()),
        names => format!("{:?} holds {}", above.display(), list(names)),
    }))
}

/// The error for a missing Dockerfile, with the files that may be meant.
pub(super) fn missing_dockerfile<R: TreeReader>(
    reader: &mut R,
    context: &TreePath,
    wanted: &TreePath,
) -> Result<Error> {
    let name = wanted
        .components()
        .last()
        .map_or("Dockerfile", String::as_str);
    let mut found = Vec::new();
    let mut directories = vec![TreePath::default()];
    for child in names_in(reader, context, EntryKind::Directory)?.unwrap_or_default() {
        directories.push(TreePath::parse("context", &child)?);
    }
    for directory in directories.iter().take(DIRECTORIES_MAX) {
        let names = names_in(reader, &context.join(directory), EntryKind::File)?;
        for near in names.unwrap_or_default() {
            if resembles(&near, name) {
                found.push(
                    directory
                        .join(&TreePath::parse("dockerfile", &near)?)
                        .display(),
                );
            }
        }
    }
    let error = Error::invalid_field(
        "dockerfile",
        format!("{:?} has no file {:?}", context.display(), wanted.display()),
    );
    Ok(error.with_hint(match found.as_slice() {
        [] => "add a Dockerfile, or set the context to the directory that holds one".to_owned(),
        found => format!("did you mean {}?", list(found)),
    }))
}

fn names_in<R: TreeReader>(
    reader: &mut R,
    directory: &TreePath,
    kind: EntryKind,
) -> Result<Option<Vec<String>>> {
    let Some(directory) = tree::find_directory(reader, directory.components())? else {
        return Ok(None);
    };
    let entries = tree::sorted_entries(reader, &directory)?;
    Ok(Some(
        entries
            .into_iter()
            .filter(|entry| entry.kind == kind)
            .filter_map(|entry| String::from_utf8(entry.name).ok())
            .collect(),
    ))
}

/// Whether a file may be the one that was meant: `dockerfile` for `Dockerfile`, `Dockerfile.prod` for `Dockerfile`.
fn resembles(name: &str, wanted: &str) -> bool {
    let (name, wanted) = (name.to_lowercase(), wanted.to_lowercase());
    if name.ends_with(".dockerignore") {
        return false;
    }
    name.contains(&wanted)
        || wanted.contains(&name)
        || name.contains("dockerfile")
        || name == "containerfile"
}

fn list(names: &[String]) -> String {
    let shown: Vec<_> = names
        .iter()
        .take(NAMES_MAX)
        .map(|name| format!("{name:?}"))
        .collect();
    let more = names.len().saturating_sub(NAMES_MAX);
    let tail = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{tail}", shown.join(", "))
}
