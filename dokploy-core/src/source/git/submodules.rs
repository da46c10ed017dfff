//! The submodules of a tree: which repositories its `.gitmodules` names.

use std::collections::HashMap;
use std::str::FromStr;

use gix::bstr::ByteSlice;

use super::address::{Address, Scheme};
use super::objects::Gitlink;
use crate::error::{Error, ErrorKind, Result};

/// Most bytes of a `.gitmodules` file.
pub(super) const FILE_MAX: u64 = 1024 * 1024;
/// Deepest nesting of submodules.
pub(super) const DEPTH_MAX: usize = 4;
/// Most submodules of a source, nested ones included.
pub(super) const COUNT_MAX: usize = 64;

/// Finds the address of each submodule.
///
/// # Errors
///
/// `source_failed` when the file cannot be read or does not name a submodule of the tree; `invalid_spec` when the
/// address is one that nobody may ask for.
pub(super) fn addresses(
    file: &[u8],
    parent: &Address,
    gitlinks: &[Gitlink],
) -> Result<Vec<(Gitlink, Address)>> {
    let urls = urls(file)?;
    let found = gitlinks.iter().map(|gitlink| {
        let path = gitlink.path.to_str_lossy();
        let url = urls.get(gitlink.path.as_slice()).ok_or_else(|| {
            Error::new(
                ErrorKind::SourceFailed,
                format!("the submodule {path} has no address"),
            )
            .with_hint("name it in .gitmodules, or deploy without submodules")
        })?;
        let refused = |error: Error| {
            Error::new(
                error.kind(),
                format!("the submodule {path} has an address that is refused"),
            )
            .with_source(error)
        };
        let address = parent.join(url).map_err(refused)?;
        if address.scheme == Scheme::File && parent.scheme != Scheme::File {
            return Err(refused(Error::invalid_field(
                "url",
                "names a file of the engine's machine",
            )));
        }
        Ok((gitlink.clone(), address))
    });
    found.collect()
}

/// Reads the addresses by path.
fn urls(file: &[u8]) -> Result<HashMap<Vec<u8>, String>> {
    let broken = || Error::new(ErrorKind::SourceFailed, ".gitmodules cannot be read");
    let text = std::str::from_utf8(file).map_err(|error| broken().with_source(error))?;
    // Read from a string, a configuration never includes another file.
    let file = gix::config::File::from_str(text).map_err(|error| broken().with_source(error))?;
    let mut urls = HashMap::new();
    for section in file.sections_by_name("submodule").into_iter().flatten() {
        let (path, url) = (section.value("path"), section.value("url"));
        if let (Some(path), Some(url)) = (path, url) {
            urls.insert(
                path.to_vec(),
                url.to_str()
                    .map_err(|error| broken().with_source(error))?
                    .to_owned(),
            );
        }
    }
    Ok(urls)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gitlink(path: &str) -> Gitlink {
        let commit = gix::ObjectId::null(gix::hash::Kind::Sha1);
        Gitlink {
            path: path.into(),
            commit,
        }
    }

    fn resolve(parent: &str, url: &str) -> Result<String> {
        let file = format!(
            "[submodule \"lib\"]\n\tpath = vendor/lib\n\turl = {url}\n\tupdate = !touch /tmp/x\n"
        );
        let parent = Address::parse(parent)?;
        let found = addresses(file.as_bytes(), &parent, &[gitlink("vendor/lib")])?;
        Ok(found[0].1.to_string())
    }

    #[test]
    fn an_address_may_be_absolute_or_relative_to_the_parent() {
        let parent = "https://example.com/team/app.git";
        assert_eq!(
            resolve(parent, "../lib.git").unwrap(),
            "https://example.com/team/lib.git"
        );
        assert_eq!(
            resolve(parent, "git@example.org:lib.git").unwrap(),
            "git@example.org:lib.git"
        );
        assert_eq!(
            resolve("file:///srv/app", "../lib").unwrap(),
            "file:///srv/lib"
        );
    }

    #[test]
    fn an_address_that_nobody_may_ask_for_is_refused() {
        for url in [
            "file:///etc",
            "/etc",
            "ext::sh -c id",
            "-u./evil",
            "git://example.com/lib",
            "../../../lib",
        ] {
            let error = resolve("https://example.com/team/app.git", url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{url}");
            assert!(error.message().contains("vendor/lib"), "{error}");
        }
    }

    #[test]
    fn a_submodule_that_gitmodules_does_not_name_is_an_error_that_names_it() {
        let parent = Address::parse("https://example.com/app").unwrap();
        let error = addresses(b"", &parent, &[gitlink("vendor/lib")]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceFailed);
        assert!(error.message().contains("vendor/lib"), "{error}");
    }
}
