//! Images of this machine's own programs, for want of a registry: each with the libraries that it needs, the static
//! busybox of the base image, and the user that the official image has.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use dokploy_core::ContainerRuntime;
use dokploy_core::runtime::{BuildRequest, LogSink, LogStream};
use futures::StreamExt as _;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

/// What an image is made of.
pub(crate) struct Recipe<'a> {
    /// Name and tag.
    pub(crate) name: &'a str,
    /// The image that has the shell.
    pub(crate) base: &'a str,
    /// Programs, by their path on this machine; they keep it.
    pub(crate) programs: &'a [&'a str],
    /// Directories that come along.
    pub(crate) directories: &'a [&'a str],
    /// The user that the official image has.
    pub(crate) user: &'a str,
    /// A directory that is the user's.
    pub(crate) home: &'a str,
    /// A script as the official image's entry point, if it has one that matters.
    pub(crate) entrypoint: Option<&'a str>,
}

/// Says nothing.
struct Silent;

impl LogSink for Silent {
    fn line(&self, _: LogStream, _: &[u8]) {}
}

/// Builds an image unless the engine has it already.
pub(crate) async fn build(runtime: &dyn ContainerRuntime, recipe: &Recipe<'_>) -> Result<()> {
    if runtime.find_image(recipe.name).await?.is_some() {
        return Ok(());
    }
    let context = context(recipe).await?;
    let request = BuildRequest {
        image: recipe.name.to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        target: None,
        args: std::collections::BTreeMap::default(),
        secrets: std::collections::BTreeMap::default(),
        labels: std::collections::BTreeMap::default(),
        memory_limit: None,
        nano_cpus: None,
        no_cache: false,
        credentials: Vec::new(),
    };
    let stream = futures::stream::iter([Ok(Bytes::from(context))]).boxed();
    let cancel = CancellationToken::new();
    let built = runtime.build_image(&request, stream, Arc::new(Silent), &cancel);
    built.await.map(drop).context(recipe.name.to_owned())
}

async fn context(recipe: &Recipe<'_>) -> Result<Vec<u8>> {
    let mut files = BTreeSet::new();
    for program in recipe.programs {
        files.insert(PathBuf::from(program));
        files.extend(libraries(Path::new(program)).await?);
    }
    let mut archive = tar::Builder::new(Vec::new());
    archive.follow_symlinks(true);
    for file in &files {
        let inside = Path::new("root").join(file.strip_prefix("/")?);
        archive.append_path_with_name(file, inside)?;
    }
    for directory in recipe.directories {
        let inside = Path::new("root").join(directory.trim_start_matches('/'));
        archive.append_dir_all(inside, directory)?;
    }
    let folders: BTreeSet<_> = recipe
        .programs
        .iter()
        .filter_map(|program| Path::new(program).parent()?.to_str())
        .collect();
    let path = Vec::from_iter(folders).join(":");
    let Recipe {
        base, user, home, ..
    } = recipe;
    append(
        &mut archive,
        "entrypoint",
        recipe.entrypoint.unwrap_or_default(),
    )?;
    let start = match recipe.entrypoint {
        Some(_) => "COPY entrypoint /entrypoint\nENTRYPOINT [\"sh\", \"/entrypoint\"]\n",
        None => "",
    };
    let dockerfile = format!(
        "FROM {base}\nCOPY root/ /\nENV PATH={path}:/bin\nRUN echo '{user}:x:999:999::{home}:/bin/sh' >>/etc/passwd \
         && echo '{user}:x:999:' >>/etc/group && mkdir -p {home} && chown 999:999 {home}\n{start}"
    );
    append(&mut archive, "Dockerfile", &dockerfile)?;
    Ok(archive.into_inner()?)
}

fn append(archive: &mut tar::Builder<Vec<u8>>, name: &str, text: &str) -> Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o755);
    header.set_cksum();
    Ok(archive.append_data(&mut header, name, text.as_bytes())?)
}

/// The libraries of a program, its loader included.
async fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("ldd").arg(program).output().await?;
    ensure!(
        output.status.success(),
        "ldd does not know {}",
        program.display()
    );
    let text = String::from_utf8(output.stdout)?;
    let paths = text.split_whitespace().filter(|word| word.starts_with('/'));
    Ok(paths.map(PathBuf::from).collect())
}
