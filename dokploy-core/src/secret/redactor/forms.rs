//! The forms in which a secret turns up in an output.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE};

use super::Redactor;

/// Bytes that the usual tools put on one line of base64, as 76 and as 64 characters.
const WRAPPED_BYTES: [usize; 2] = [57, 48];

/// Characters that the various percent-encoders leave as they are, besides letters and digits.
const UNESCAPED: [&str; 5] = [
    // RFC 3986, and what follows it.
    "-_.~",
    // Python's `quote`.
    "-_.~/",
    // JavaScript's `encodeURIComponent`.
    "-_.~!*'()",
    // JavaScript's `encodeURI`.
    "-_.~!*'();,/?:@&=+$#",
    // Forms.
    "-_.*",
];

/// Adds all forms of a value, of it without the white space around it, and of each of its lines.
pub(super) fn add(value: &str, forms: &mut BTreeSet<Vec<u8>>) {
    let lines = value.split(['\n', '\r']).map(str::trim);
    let parts: BTreeSet<&str> = [value, value.trim()].into_iter().chain(lines).collect();
    for part in parts {
        if part.len() < Redactor::SECRET_BYTES_MIN {
            continue;
        }
        forms.insert(part.as_bytes().to_vec());
        add_base64(part.as_bytes(), forms);
        for chunk_len in WRAPPED_BYTES {
            if part.len() > chunk_len {
                for chunk in part.as_bytes().chunks(chunk_len) {
                    add_base64_at(0, chunk, forms);
                }
            }
        }
        add_percent(part.as_bytes(), forms);
        add_json(part, forms);
    }
}

fn add_base64(value: &[u8], forms: &mut BTreeSet<Vec<u8>>) {
    for offset in 0..3 {
        add_base64_at(offset, value, forms);
    }
}

/// The base64 characters that a value determines when `offset` other bytes, modulo three, are encoded before it:
/// with anything after it, and with nothing after it.
fn add_base64_at(offset: usize, value: &[u8], forms: &mut BTreeSet<Vec<u8>>) {
    let mut bytes = vec![0; offset];
    bytes.extend_from_slice(value);
    let first = (offset * 8).div_ceil(6);
    let after_last = bytes.len() * 8 / 6;
    for alphabet in [&STANDARD as &GeneralPurpose, &URL_SAFE] {
        let padded = alphabet.encode(&bytes).into_bytes();
        let unpadded_len = (bytes.len() * 8).div_ceil(6);
        for end in [after_last, unpadded_len, padded.len()] {
            forms.insert(padded[first..end].to_vec());
        }
    }
}

fn add_percent(value: &[u8], forms: &mut BTreeSet<Vec<u8>>) {
    for unescaped in UNESCAPED {
        for space in ["%20", "+"] {
            forms.insert(percent(value, unescaped, space, true));
            forms.insert(percent(value, unescaped, space, false));
        }
    }
}

fn percent(value: &[u8], unescaped: &str, space: &str, upper: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for byte in value {
        match byte {
            b' ' => out.extend_from_slice(space.as_bytes()),
            byte if byte.is_ascii_alphanumeric() || unescaped.as_bytes().contains(byte) => {
                out.push(*byte);
            }
            byte if upper => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            byte => out.extend_from_slice(format!("%{byte:02x}").as_bytes()),
        }
    }
    out
}

/// What JSON encoders do differently: which characters they escape without having to, and how they write digits.
#[derive(Clone, Copy)]
struct JsonStyle {
    slash: bool,
    html: bool,
    non_ascii: bool,
    upper: bool,
}

fn add_json(value: &str, forms: &mut BTreeSet<Vec<u8>>) {
    for style in 0..16 {
        let style = JsonStyle {
            slash: style & 1 != 0,
            html: style & 2 != 0,
            non_ascii: style & 4 != 0,
            upper: style & 8 != 0,
        };
        forms.insert(json(value, style).into_bytes());
    }
}

fn json(value: &str, style: JsonStyle) -> String {
    let mut out = String::new();
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '/' if style.slash => out.push_str("\\/"),
            c if c.is_ascii_control()
                || (style.html && "<>&\u{2028}\u{2029}".contains(c))
                || (style.non_ascii && !c.is_ascii()) =>
            {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = if style.upper {
                        write!(out, "\\u{unit:04X}")
                    } else {
                        write!(out, "\\u{unit:04x}")
                    };
                }
            }
            c => out.push(c),
        }
    }
    out
}
