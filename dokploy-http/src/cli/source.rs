//! What the one word after `deploy` means: a git URL, a directory, an archive or an image.

use std::fmt;
use std::path::{Path, PathBuf};

use dokploy_core::model::{ApplicationSpec, GitSource};
use dokploy_core::{Error, Result};
use url::Url;

/// A source as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedSource {
    /// The URL of a git repository.
    Git(String),
    /// A directory, by its absolute path.
    Directory(PathBuf),
    /// An archive, by its absolute path.
    Archive(PathBuf),
    /// The reference of an image.
    Image(String),
}

const ARCHIVE_ENDINGS: [&str; 4] = [".tar", ".tar.gz", ".tgz", ".zip"];

impl NamedSource {
    /// Finds out what is meant. What looks like a path, or is one, is a path; the rest is an image.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a path that does not exist or is a file that cannot be unpacked.
    pub fn read(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::invalid_field(
                "source",
                "is empty: a git URL, a directory or an image is expected",
            ));
        }
        if is_git_url(text) {
            refuse_credentials(text)?;
            return Ok(Self::Git(text.to_owned()));
        }
        let path = Path::new(text);
        let meant_as_path = path.is_absolute() || text.starts_with('.');
        let Ok(metadata) = path.metadata() else {
            return if meant_as_path {
                Err(Error::invalid_field(
                    "source",
                    format!("{text} does not exist"),
                ))
            } else {
                Ok(Self::Image(text.to_owned()))
            };
        };
        let absolute = path.canonicalize().map_err(|error| {
            Error::invalid_field("source", format!("{text} cannot be read")).with_source(error)
        })?;
        if metadata.is_dir() {
            return Ok(Self::Directory(absolute));
        }
        if ARCHIVE_ENDINGS.iter().any(|ending| text.ends_with(ending)) {
            return Ok(Self::Archive(absolute));
        }
        Err(Error::invalid_field(
            "source",
            format!(
                "{text} is a file: a directory, or an archive that ends in .tar, .tar.gz, .tgz or .zip, is expected"
            ),
        ))
    }

    /// The name of an application that is called after its source: `web` for `https://git.example.com/shop/web.git`.
    ///
    /// # Errors
    ///
    /// `invalid_spec` when nothing of it can be a name.
    pub fn application_name(&self) -> Result<String> {
        let last = match self {
            Self::Git(url) => {
                let path = url.trim_end_matches('/');
                let last = path.rsplit(['/', ':']).next().unwrap_or_default();
                last.strip_suffix(".git").unwrap_or(last).to_owned()
            }
            Self::Directory(path) => file_name(path),
            Self::Archive(path) => {
                let name = file_name(path);
                let stem = ARCHIVE_ENDINGS
                    .iter()
                    .rev()
                    .find_map(|ending| name.strip_suffix(ending));
                stem.unwrap_or(&name).to_owned()
            }
            Self::Image(reference) => {
                let name = reference.split('@').next().unwrap_or_default();
                let last = name.rsplit('/').next().unwrap_or_default();
                last.split(':').next().unwrap_or_default().to_owned()
            }
        };
        let name = as_name(&last);
        if name.is_empty() {
            let message = "cannot be derived from the source: give one with --name";
            return Err(Error::invalid_field("name", message));
        }
        Ok(name)
    }

    /// Makes it the source of an application. A branch, a credential and the like stay for the same repository only.
    pub fn put_into(&self, spec: &mut ApplicationSpec) {
        if self.is_of(spec) {
            return;
        }
        spec.git_source = None;
        spec.directory = None;
        spec.archive = None;
        spec.image = None;
        match self {
            Self::Git(url) => {
                spec.git_source = Some(GitSource {
                    repo_url: url.clone(),
                    branch: None,
                    credential_id: None,
                    submodules: false,
                    watch_paths: Vec::new(),
                });
            }
            Self::Directory(path) => spec.directory = Some(path.clone()),
            Self::Archive(path) => spec.archive = Some(path.clone()),
            Self::Image(reference) => spec.image = Some(reference.clone()),
        }
    }

    /// Whether an application has this source already. Another tag of the same image is the same source.
    pub fn is_of(&self, spec: &ApplicationSpec) -> bool {
        match self {
            Self::Git(url) => spec
                .git_source
                .as_ref()
                .is_some_and(|git| git.repo_url == *url),
            Self::Directory(path) => spec.directory.as_ref() == Some(path),
            Self::Archive(path) => spec.archive.as_ref() == Some(path),
            Self::Image(reference) => spec.image.as_ref() == Some(reference),
        }
    }

    /// Whether an application of the same name may be given this source without being asked to by name.
    pub fn resembles(&self, spec: &ApplicationSpec) -> bool {
        match (self, &spec.image) {
            (Self::Image(reference), Some(image)) => repository(reference) == repository(image),
            _ => self.is_of(spec),
        }
    }

    /// Whether it is a repository that only an operator may allow.
    pub fn is_file_repository(&self) -> bool {
        matches!(self, Self::Git(url) if url.to_ascii_lowercase().starts_with("file:"))
    }
}

impl fmt::Display for NamedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git(url) => write!(f, "the repository {url}"),
            Self::Directory(path) => write!(f, "the directory {}", path.display()),
            Self::Archive(path) => write!(f, "the archive {}", path.display()),
            Self::Image(reference) => write!(f, "the image {reference}"),
        }
    }
}

/// Says what an application is deployed from.
pub(crate) fn describe(spec: &ApplicationSpec) -> String {
    if let Some(git) = &spec.git_source {
        let branch = git
            .branch
            .as_deref()
            .map(|branch| format!(", {branch}"))
            .unwrap_or_default();
        return format!("{}{branch}", git.repo_url);
    }
    let path = spec.directory.as_ref().or(spec.archive.as_ref());
    let path = path.map(|path| path.display().to_string());
    path.or_else(|| spec.image.clone()).unwrap_or_default()
}

/// A token in a URL would be stored in clear and shown wherever the URL is; the name of a user alone is no secret.
fn refuse_credentials(text: &str) -> Result<()> {
    let Ok(url) = Url::parse(text) else {
        return Ok(());
    };
    let is_http = matches!(url.scheme(), "http" | "https");
    if url.password().is_none() && (url.username().is_empty() || !is_http) {
        return Ok(());
    }
    let error = Error::invalid_field("source", "the URL holds a user or a password");
    Err(error
        .with_hint("leave them out, and give them with --token-user, --token-env or --token-file"))
}

/// A URL with a scheme, or `user@host:path` as ssh has it. Which schemes are good is the core's to say.
fn is_git_url(text: &str) -> bool {
    if text.contains("://") {
        return true;
    }
    let Some((host, path)) = text.split_once(':') else {
        return false;
    };
    host.contains('@') && !host.contains('/') && !path.is_empty()
}

fn repository(reference: &str) -> &str {
    let name = reference.split('@').next().unwrap_or_default();
    let tag = name
        .rfind(':')
        .filter(|colon| !name[*colon..].contains('/'));
    tag.map_or(name, |colon| &name[..colon])
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The nearest name that an application may have.
fn as_name(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.truncate(dokploy_core::model::limits::NAME_LEN_MAX);
    name.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_source_is_told_from_the_others() {
        for url in [
            "https://git.example.com/shop/web.git",
            "http://localhost:3000/web",
            "ssh://git@host/web",
            "git@git.example.com:shop/web.git",
            "file:///srv/web.git",
        ] {
            assert_eq!(
                NamedSource::read(url).unwrap(),
                NamedSource::Git(url.to_owned())
            );
        }
        for url in [
            "https://user:hunter2@git.example.com/web",
            "https://hunter2@git.example.com/web",
            "ssh://git:hunter2@git.example.com/web",
        ] {
            let error = NamedSource::read(url).unwrap_err();
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        for image in [
            "nginx",
            "nginx:1.29",
            "registry.example.com:5000/team/web@sha256:00",
            "shop/web",
        ] {
            assert_eq!(
                NamedSource::read(image).unwrap(),
                NamedSource::Image(image.to_owned())
            );
        }
        for missing in ["./nothing-here", "/nothing/here", "../nothing-here"] {
            let error = NamedSource::read(missing).unwrap_err();
            assert!(
                error
                    .message()
                    .contains(&format!("{missing} does not exist")),
                "{error}"
            );
        }
        let here = NamedSource::read("src").unwrap();
        assert!(matches!(here, NamedSource::Directory(path) if path.is_absolute()));
        let error = NamedSource::read("./Cargo.toml").unwrap_err();
        assert!(error.message().contains("is a file"), "{error}");
    }

    #[test]
    fn an_application_is_called_after_its_source() {
        let name = |source: NamedSource| source.application_name().unwrap();
        let git = |url: &str| name(NamedSource::Git(url.to_owned()));
        assert_eq!(git("https://git.example.com/shop/Web_App.git"), "web-app");
        assert_eq!(git("git@host:web.git"), "web");
        assert_eq!(git("https://host/shop/web/"), "web");
        let image = |text: &str| name(NamedSource::Image(text.to_owned()));
        assert_eq!(
            image("registry.example.com:5000/team/api:1.2@sha256:00"),
            "api"
        );
        assert_eq!(
            name(NamedSource::Directory("/srv/My Shop".into())),
            "my-shop"
        );
        assert_eq!(
            name(NamedSource::Archive("/tmp/shop.tar.gz".into())),
            "shop"
        );
        let nameless = NamedSource::Directory("/".into());
        assert!(
            nameless
                .application_name()
                .unwrap_err()
                .message()
                .contains("--name")
        );
    }

    #[test]
    fn another_tag_of_an_image_is_the_same_application() {
        let mut spec = ApplicationSpec::named("web");
        spec.image = Some("registry:5000/shop/web:1".to_owned());
        assert!(NamedSource::Image("registry:5000/shop/web:2".to_owned()).resembles(&spec));
        assert!(!NamedSource::Image("registry:5000/other/web:1".to_owned()).resembles(&spec));
        assert!(!NamedSource::Git("https://h/web".to_owned()).resembles(&spec));
    }

    #[test]
    fn a_new_repository_does_not_inherit_what_belonged_to_the_old_one() {
        let mut spec = ApplicationSpec::named("web");
        let first = NamedSource::Git("https://h/web".to_owned());
        first.put_into(&mut spec);
        spec.git_source.as_mut().unwrap().branch = Some("next".to_owned());
        first.put_into(&mut spec);
        assert_eq!(
            spec.git_source.as_ref().unwrap().branch.as_deref(),
            Some("next")
        );
        NamedSource::Git("https://other/web".to_owned()).put_into(&mut spec);
        assert_eq!(spec.git_source.as_ref().unwrap().branch, None);
    }
}
