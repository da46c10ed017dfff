//! The rules of the project that no compiler checks: walls between its parts, sizes, names.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the sources fails"
)]

mod names;
mod sources;
mod walls;

use std::path::{Path, PathBuf};

/// Root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are a member")
        .to_path_buf()
}

/// A text file of the project.
struct Text {
    /// Path from the root, with forward slashes.
    path: String,
    content: String,
}

/// All text files below a folder with one of these suffixes, build folders and hidden ones excepted.
fn texts(below: &str, suffixes: &[&str]) -> Vec<Text> {
    let mut texts = Vec::new();
    let mut folders = vec![root().join(below)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with('.') || ["target", "node_modules", "dokploy-data"].contains(&&*name)
            {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if suffixes.iter().any(|suffix| name.ends_with(suffix))
                && let Ok(content) = std::fs::read_to_string(&path)
            {
                let path = path
                    .strip_prefix(root())
                    .unwrap()
                    .to_string_lossy()
                    .replace('\\', "/");
                texts.push(Text { path, content });
            }
        }
    }
    assert!(!texts.is_empty(), "nothing was found below {below}");
    texts
}

/// Fails with every complaint, so that one run shows them all.
fn check(rule: &str, complaints: &[String]) {
    assert!(
        complaints.is_empty(),
        "{rule}\n  {}",
        complaints.join("\n  ")
    );
}
