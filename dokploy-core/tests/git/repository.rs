//! Real repositories, made with git's own program.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use dokploy_tests::git_server::command;

/// A repository with a work tree.
pub(crate) struct Repository {
    pub(crate) path: PathBuf,
}

impl Repository {
    /// Makes an empty one with the branch `main`.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        std::fs::create_dir_all(&path).unwrap();
        let repository = Self { path };
        repository.git(&["init", "--quiet", "--initial-branch=main", "."]);
        repository
    }

    /// Runs git in it and gives what it printed.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = command()
            .args(arguments)
            .current_dir(&self.path)
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Commits everything; gives the id.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.head()
    }

    pub(crate) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Writes an object as it is, however wrong it may be.
    pub(crate) fn object(&self, kind: &str, content: &[u8]) -> String {
        let mut child = command()
            .args(["hash-object", "-w", "--literally", "--stdin", "-t", kind])
            .current_dir(&self.path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(content).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Writes a tree as it is; each entry is a mode, a name and an object.
    pub(crate) fn tree(&self, entries: &[(&str, &str, &str)]) -> String {
        let mut content = Vec::new();
        for (mode, name, object) in entries {
            content.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            content.extend_from_slice(&hex::decode(object).unwrap());
        }
        self.object("tree", &content)
    }

    /// Commits a tree and makes it the branch's.
    pub(crate) fn commit_tree(&self, tree: &str) -> String {
        let commit = self.git(&["commit-tree", tree, "-m", "crafted"]);
        self.git(&["update-ref", "refs/heads/main", &commit]);
        commit
    }
}

/// The names and contents of a tar, in its order.
pub(crate) fn untar(bytes: &[u8]) -> Vec<(String, String)> {
    let mut archive = tar::Archive::new(bytes);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let mut content = String::new();
        if let Some(target) = entry.link_name().unwrap() {
            content = format!("-> {}", target.display());
        } else {
            std::io::Read::read_to_string(&mut entry, &mut content).unwrap();
        }
        (name, content)
    });
    entries.collect()
}

/// Bytes that do not compress, the same ones every time.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    })
    .take(length)
    .collect()
}
