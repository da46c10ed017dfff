//! The build context: a tree as a deterministic tar, in bounded chunks.

mod hint;
mod sink;
mod tar;
mod walk;

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use self::sink::ChunkSink;
pub(crate) use self::tar::TarWriter;
pub(crate) use self::walk::{Selection, Walk};
use super::ContextRequest;
use super::tree::{self, EntryKind, TreePath, TreeStore};
use super::work::blocking;
use crate::error::Result;

/// Bytes of one chunk.
const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks that wait for the receiver. With the one being filled, they are all the memory that file contents take.
const CHUNKS_MAX: usize = 4;

/// Streams the context of a tree. Nothing is read before the stream is polled, and dropping it stops the walk.
pub(crate) fn stream<S: TreeStore>(
    store: Arc<S>,
    request: ContextRequest,
) -> BoxStream<'static, Result<Bytes>> {
    stream::once(async move {
        let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
        let walk = blocking(move || write(&*store, &request, ChunkSink::new(sender)));
        // What the walk returns is the end of the stream: one that failed is never mistaken for a finished one.
        let end = stream::once(walk).filter_map(async |outcome| outcome.err().map(Err));
        ReceiverStream::new(receiver).map(Ok).chain(end)
    })
    .flatten()
    .boxed()
}

fn write<S: TreeStore>(store: &S, request: &ContextRequest, sink: ChunkSink) -> Result<()> {
    let directory = TreePath::parse("context", &request.directory)?;
    let dockerfile = TreePath::parse("dockerfile", &request.dockerfile)?;
    let mut reader = store.reader()?;
    let Some(root) = tree::find_directory(&mut reader, directory.components())? else {
        return Err(hint::missing_directory(&mut reader, &directory)?);
    };
    match tree::find(&mut reader, &directory.join(&dockerfile))? {
        Some((_, entry)) if entry.kind != EntryKind::Directory => {}
        _ => {
            return Err(hint::missing_dockerfile(
                &mut reader,
                &directory,
                &dockerfile,
            )?);
        }
    }
    let selection = Selection::read(&mut reader, &directory, &dockerfile)?;
    let mut tar = TarWriter::new(sink, request.bytes_max);
    Walk::new(&mut reader, &mut tar, &selection).run(&root)?;
    store.verify()?;
    tar.finish()?.finish()
}
