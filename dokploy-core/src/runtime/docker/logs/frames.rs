//! The engine's way to send several outputs over one connection: a header of eight bytes, of which the first says
//! which output and the last four how long the payload is.

use crate::runtime::LogStream;

const HEADER: usize = 8;
/// A longer payload is handed on in parts, so that memory stays bounded.
const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;

/// Takes the outputs apart again. Output of a terminal has no headers: it is handed on as it is.
#[derive(Debug, Default)]
pub(super) struct Frames {
    buffer: Vec<u8>,
    is_terminal: bool,
}

impl Frames {
    /// Takes a piece that ends anywhere and hands on each payload that is complete with it.
    pub(super) fn push(&mut self, piece: &[u8], mut payload: impl FnMut(LogStream, &[u8])) {
        let is_first = self.buffer.is_empty();
        self.buffer.extend_from_slice(piece);
        if is_first && self.buffer.first().is_some_and(|first| *first > 3) {
            self.is_terminal = true;
        }
        if self.is_terminal {
            self.hand_on_lines(&mut payload);
        } else {
            self.hand_on_frames(&mut payload);
        }
    }

    /// Whole lines, since each begins with its time.
    fn hand_on_lines(&mut self, payload: &mut impl FnMut(LogStream, &[u8])) {
        let end = match self.buffer.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => last + 1,
            None if self.buffer.len() > PAYLOAD_BYTES_MAX => self.buffer.len(),
            None => return,
        };
        for line in self.buffer[..end].split_inclusive(|byte| *byte == b'\n') {
            payload(LogStream::Stdout, line);
        }
        self.buffer.drain(..end);
    }

    fn hand_on_frames(&mut self, payload: &mut impl FnMut(LogStream, &[u8])) {
        let mut start = 0;
        while let Some(header) = self.buffer[start..].first_chunk::<HEADER>() {
            let [kind, _, _, _, size @ ..] = *header;
            let size = u32::from_be_bytes(size) as usize;
            let begin = start + HEADER;
            let Some(part) = self.buffer.get(begin..begin + size) else {
                break;
            };
            let stream = match kind {
                1 => LogStream::Stdout,
                2 => LogStream::Stderr,
                _ => LogStream::System,
            };
            payload(stream, part);
            start = begin + size;
        }
        self.buffer.drain(..start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, text: &str) -> Vec<u8> {
        let mut frame = vec![kind, 0, 0, 0];
        frame.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
        frame.extend(text.as_bytes());
        frame
    }

    fn read(pieces: &[&[u8]]) -> Vec<(LogStream, String)> {
        let mut frames = Frames::default();
        let mut seen = Vec::new();
        for piece in pieces {
            frames.push(piece, |stream, text| {
                seen.push((stream, String::from_utf8_lossy(text).into_owned()));
            });
        }
        seen
    }

    #[test]
    fn outputs_are_told_apart_wherever_the_pieces_end() {
        let mut bytes = frame(1, "out\n");
        bytes.extend(frame(2, "err\n"));
        bytes.extend(frame(1, ""));
        bytes.extend(frame(3, "the engine says\n"));
        let expected = [
            (LogStream::Stdout, "out\n".to_owned()),
            (LogStream::Stderr, "err\n".to_owned()),
            (LogStream::Stdout, String::new()),
            (LogStream::System, "the engine says\n".to_owned()),
        ];
        assert_eq!(read(&[&bytes]), expected);
        for cut in 0..bytes.len() {
            let (head, rest) = bytes.split_at(cut);
            assert_eq!(read(&[head, rest]), expected, "cut at {cut}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single), expected);
    }

    #[test]
    fn output_of_a_terminal_comes_by_the_line() {
        let seen = read(&[b"2026 one\n2026 t", b"wo\n"]);
        let texts: Vec<_> = seen.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["2026 one\n", "2026 two\n"]);
    }
}
