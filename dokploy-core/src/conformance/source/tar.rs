//! Contexts as the receiving side sees them.

use std::io::Read;

/// One member of a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path, without the slash that ends a directory's.
    pub path: String,
    /// What it is.
    pub kind: MemberKind,
    /// Permission bits.
    pub mode: u32,
}

/// What a member of a context is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A directory.
    Directory,
    /// A regular file with its content.
    File(Vec<u8>),
    /// A symbolic link with its target.
    Symlink(String),
}

/// Reads a tar with a reader that is not ours, and checks what every member has in common.
///
/// # Panics
///
/// When it is no sound tar, or when a member has an owner, a time or a type that it should not have.
pub fn unpack(bytes: &[u8]) -> Vec<Member> {
    let mut archive = ::tar::Archive::new(bytes);
    let mut members: Vec<Member> = Vec::new();
    for entry in archive.entries().expect("the context is a tar") {
        let mut entry = entry.expect("every header is sound");
        let path = String::from_utf8_lossy(&entry.path_bytes())
            .trim_end_matches('/')
            .to_owned();
        let header = entry.header().clone();
        let owner = (header.uid().ok(), header.gid().ok());
        assert_eq!(owner, (Some(0), Some(0)), "{path} has a fixed owner");
        let time = header.mtime().ok();
        assert_eq!(time, Some(315_532_800), "{path} has a fixed time");
        let kind = match header.entry_type() {
            ::tar::EntryType::Directory => MemberKind::Directory,
            ::tar::EntryType::Symlink => {
                let target = entry.link_name_bytes().expect("a link has a target");
                MemberKind::Symlink(String::from_utf8_lossy(&target).into_owned())
            }
            ::tar::EntryType::Regular => {
                let mut content = Vec::new();
                entry
                    .read_to_end(&mut content)
                    .expect("the content is whole");
                MemberKind::File(content)
            }
            other => panic!("{path} is a {other:?}"),
        };
        let mode = header.mode().expect("the mode is sound");
        members.push(Member { path, kind, mode });
    }
    assert!(bytes.ends_with(&[0; 1024]), "the archive has an end");
    members
}
