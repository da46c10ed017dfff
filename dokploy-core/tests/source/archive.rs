//! Archives made by hand, so that they can be wrong.

mod hostile;
mod lifetime;
mod limits;
mod shape;

use std::fs;
use std::io::{Cursor, Write};
use std::sync::Arc;
use std::time::Duration;

use dokploy_core::conformance::source::unpack;
use dokploy_core::error::{Error, Result};
use dokploy_core::source::{
    ArchiveFetcher, ContextRequest, SourceFetcher, SourceRequest, SourceTree,
};
use futures::TryStreamExt;
use tar::EntryType;
use tokio_util::sync::CancellationToken;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::fixtures::{ArchiveFixture, Format};

/// A tar whose names are written as they are, which no library lets one do.
#[derive(Default)]
struct RawTar(Vec<u8>);

impl RawTar {
    fn entry(mut self, kind: EntryType, name: &[u8], link: &[u8], content: &[u8]) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn file(self, name: &[u8], content: &[u8]) -> Self {
        self.entry(EntryType::Regular, name, b"", content)
    }

    fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(&[0; 1024]);
        self.0
    }
}

fn raw_zip(entries: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, content) in entries {
        let options = SimpleFileOptions::default().unix_permissions(*mode);
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

async fn fetch(fixture: &ArchiveFixture, bytes: &[u8]) -> Result<Arc<dyn SourceTree>> {
    let request = fixture.upload(bytes);
    fetch_request(&fixture.fetcher, &request).await
}

async fn fetch_request(
    fetcher: &ArchiveFetcher,
    request: &SourceRequest,
) -> Result<Arc<dyn SourceTree>> {
    let cancel = CancellationToken::new();
    let revision = fetcher.resolve(request, &cancel).await?;
    fetcher.fetch(request, &revision, &cancel).await
}

async fn refusal(bytes: &[u8]) -> Error {
    let fixture = ArchiveFixture::new(Format::Tar);
    let error = fetch(&fixture, bytes)
        .await
        .expect_err("the archive must be refused");
    nothing_is_left(&fixture).await;
    let data: Vec<_> = fs::read_dir(fixture.data.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        data.len() <= 2,
        "nothing appears beside the uploads: {data:?}"
    );
    error
}

/// Waits until unpacked directories are gone: they are removed on a thread of their own.
async fn nothing_is_left(fixture: &ArchiveFixture) {
    tokio::time::timeout(Duration::from_secs(30), async {
        while fixture.unpacked() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("unpacked directories are removed");
}

async fn names(tree: &dyn SourceTree, dockerfile: &str) -> Vec<String> {
    let request = ContextRequest {
        directory: ".".to_owned(),
        dockerfile: dockerfile.to_owned(),
        bytes_max: 1 << 30,
    };
    let chunks: Vec<_> = tree.context(&request).try_collect().await.unwrap();
    unpack(&chunks.concat())
        .into_iter()
        .map(|member| member.path)
        .collect()
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    let positions: Vec<_> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from)
        .map(|(at, _)| at)
        .collect();
    assert!(!positions.is_empty());
    for at in positions {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
}
