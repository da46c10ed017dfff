//! Lines out of pieces of output that end anywhere.

use std::mem;

/// A longer line is handed on in parts of this size, so that memory stays bounded.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Puts lines together. As on a terminal, what follows a carriage return overwrites what was before it: of a
/// progress bar that redraws itself, the last picture remains.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    returned: bool,
}

impl Lines {
    /// Takes a piece and hands on each line that is complete with it, without its end.
    pub(super) fn push(&mut self, mut piece: &[u8], mut line: impl FnMut(&[u8])) {
        while let Some(at) = piece.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.extend(&piece[..at], &mut line);
            if piece[at] == b'\n' {
                line(&self.line);
                self.line.clear();
                self.returned = false;
            } else {
                self.returned = true;
            }
            piece = &piece[at + 1..];
        }
        self.extend(piece, &mut line);
    }

    /// Hands on what is left when the output ends without the end of a line.
    pub(super) fn finish(&mut self, mut line: impl FnMut(&[u8])) {
        self.returned = false;
        if !self.line.is_empty() {
            line(&mem::take(&mut self.line));
        }
    }

    fn extend(&mut self, mut piece: &[u8], line: &mut impl FnMut(&[u8])) {
        if piece.is_empty() {
            return;
        }
        if mem::take(&mut self.returned) {
            self.line.clear();
        }
        while self.line.len() + piece.len() > LINE_BYTES_MAX {
            let (part, rest) = piece.split_at(self.room(piece));
            self.line.extend_from_slice(part);
            line(&self.line);
            self.line.clear();
            piece = rest;
        }
        self.line.extend_from_slice(piece);
    }

    /// How much of a piece still fits, without cutting a character in two.
    fn room(&self, piece: &[u8]) -> usize {
        let room = LINE_BYTES_MAX - self.line.len();
        let is_inside = |at: &usize| piece[*at] & 0b1100_0000 == 0b1000_0000;
        (room.saturating_sub(3)..=room)
            .rev()
            .find(|at| !is_inside(at))
            .unwrap_or(room)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines_of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        for piece in pieces {
            lines.push(piece, |line| {
                seen.push(String::from_utf8_lossy(line).into_owned());
            });
        }
        lines.finish(|line| seen.push(String::from_utf8_lossy(line).into_owned()));
        seen
    }

    #[test]
    fn a_line_is_put_together_from_its_pieces() {
        assert_eq!(
            lines_of([&b"one\ntw"[..], b"o\n", b"\nfour"]),
            ["one", "two", "", "four"]
        );
    }

    #[test]
    fn a_carriage_return_overwrites_the_line() {
        assert_eq!(lines_of([&b"windows\r\nunix\n"[..]]), ["windows", "unix"]);
        assert_eq!(
            lines_of([&b"10%\r"[..], b"50%", b"\r99%\r\nnext\n"]),
            ["99%", "next"]
        );
        assert_eq!(lines_of([&b"10%\r50%\r"[..]]), ["50%"]);
        assert_eq!(lines_of([&b"text\r"[..], b"\n"]), ["text"]);
    }

    #[test]
    fn a_line_that_is_too_long_comes_in_parts_with_whole_characters() {
        let long = "ä".repeat(LINE_BYTES_MAX);
        let with_odd_start = format!("x{long}\nend");
        let parts = lines_of(with_odd_start.as_bytes().chunks(1000));
        assert_eq!(parts.last().unwrap(), "end");
        assert!(parts.iter().all(|part| part.len() <= LINE_BYTES_MAX));
        assert!(!parts.concat().contains('\u{fffd}'));
        assert_eq!(parts[..parts.len() - 1].concat(), format!("x{long}"));
    }

    proptest! {
        #[test]
        fn where_the_pieces_end_makes_no_difference(text in "[a-c\r\n]{0,40}", cuts in prop::collection::vec(1usize..8, 1..40)) {
            let mut pieces = Vec::new();
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (piece, left) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = left;
            }
            pieces.push(rest);
            prop_assert_eq!(lines_of(pieces), lines_of([text.as_bytes()]));
        }
    }
}
