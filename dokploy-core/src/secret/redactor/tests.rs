use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

fn redactor(values: &[&str]) -> Redactor {
    let values: Vec<_> = values.iter().copied().map(Secret::from).collect();
    Redactor::new(&values)
}

#[test]
fn a_value_is_masked_wherever_it_stands() {
    let redactor = redactor(&["hunter2", "s3cr3t/+ word"]);
    assert_eq!(
        redactor.redact("hunter2 and xhunter2y, s3cr3t/+ word"),
        "[secret] and x[secret]y, [secret]"
    );
    assert_eq!(redactor.redact("hunter3"), "hunter3");
}

#[test]
fn encodings_are_masked() {
    let redactor = redactor(&["pä ss/w&rd\"\\<1>"]);
    let encoded = [
        "p%C3%A4%20ss%2Fw%26rd%22%5C%3C1%3E",
        "p%c3%a4%20ss%2fw%26rd%22%5c%3c1%3e",
        "p%C3%A4+ss%2Fw%26rd%22%5C%3C1%3E",
        "p%C3%A4%20ss/w%26rd%22%5C%3C1%3E",
        "p%C3%A4%20ss/w&rd%22%5C%3C1%3E",
        r#"pä ss/w&rd\"\\<1>"#,
        r#"p\u00e4 ss/w&rd\"\\<1>"#,
        r#"p\u00E4 ss/w&rd\"\\<1>"#,
        r#"p\u00e4 ss\/w&rd\"\\<1>"#,
        r#"pä ss/w\u0026rd\"\\\u003c1\u003e"#,
    ];
    for text in encoded {
        assert_eq!(redactor.redact(text), "[secret]", "{text}");
    }
    let value = serde_json::to_string("pä ss/w&rd\"\\<1>").unwrap();
    assert_eq!(redactor.redact(&value), "\"[secret]\"");
}

#[test]
fn a_secret_within_basic_auth_is_masked() {
    let redactor = redactor(&["correct horse"]);
    for user in ["", "a", "ab", "abc", "abcd"] {
        let header = STANDARD.encode(format!("{user}:correct horse"));
        let masked = redactor.redact(&header);
        assert!(masked.ends_with("[secret]"), "{header} {masked}");
        assert!(
            masked.len() <= "[secret]".len() + (user.len() + 1) * 4 / 3 + 1,
            "{masked}"
        );
    }
}

#[test]
fn several_lines_are_masked_one_by_one_and_together() {
    let key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n\n  kqhkiG9w0BAQ\r\n-----END KEY-----\n";
    let redactor = redactor(&[key]);
    assert_eq!(redactor.redact(key), "[secret]");
    for line in ["MIIEvQIBADANBg", "kqhkiG9w0BAQ"] {
        assert_eq!(redactor.redact(&format!("> {line}")), "> [secret]");
    }
    let one_line = serde_json::to_string(key).unwrap();
    assert_eq!(redactor.redact(&one_line), "\"[secret]\"");
    assert_eq!(redactor.redact(&STANDARD.encode(key)), "[secret]");
}

#[test]
fn wrapped_base64_is_masked_line_by_line() {
    let long: String = (0..200_u32)
        .map(|i| char::from_digit(i * 7 % 36, 36).unwrap())
        .collect();
    let redactor = redactor(&[&long]);
    let encoded = STANDARD.encode(&long);
    for width in [64, 76] {
        for line in encoded.as_bytes().chunks(width) {
            assert_eq!(&*redactor.redact_bytes(line), b"[secret]");
        }
    }
}

#[test]
fn a_value_with_a_line_end_is_masked_without_it() {
    assert_eq!(
        redactor(&["hunter2\n"]).redact("password=hunter2;"),
        "password=[secret];"
    );
}

#[test]
fn short_values_and_empty_lines_are_not_masked() {
    let redactor = redactor(&["", "abc", "\n\n", "x\ny\n"]);
    assert_eq!(redactor.redact("abc x y \n\n YWJj"), "abc x y \n\n YWJj");
}

#[test]
fn the_longer_of_two_secrets_wins() {
    let redactor = redactor(&["hunter", "hunter2-and-more"]);
    assert_eq!(
        redactor.redact("hunter2-and-more hunter2-and"),
        "[secret] [secret]2-and"
    );
}

#[test]
fn debug_shows_no_secret() {
    let redactor = redactor(&["hunter2"]);
    let mut stream = redactor.stream();
    stream.push(b"hunter");
    let text = format!("{redactor:?} {stream:?}");
    assert!(!text.contains("hunter") && !text.contains("104"), "{text}");
}

#[test]
fn an_empty_stream_redactor_holds_nothing_back() {
    let mut stream = redactor(&[]).stream();
    assert_eq!(stream.push(b"text"), b"text");
    assert_eq!(stream.finish(), b"");
}

/// Texts that are full of secrets, halves of secrets and their encodings.
fn texts() -> impl Strategy<Value = (Vec<String>, Vec<u8>)> {
    let secret = prop_oneof!["[ab]{4,8}", "[a-c\"/+ ä\n]{4,12}", "[ -~]{4,70}"];
    proptest::collection::vec(secret, 1..4).prop_flat_map(|secrets| {
        let pieces = secrets.clone();
        let piece = (0..pieces.len(), 0..8_u8, 0..80_usize).prop_map(move |(which, form, cut)| {
            let value = &pieces[which];
            let mut bytes = match form {
                0 => value.clone().into_bytes(),
                1 => STANDARD.encode(format!("x{value}")).into_bytes(),
                2 => URL_SAFE_NO_PAD.encode(format!("{value}yz")).into_bytes(),
                3 => serde_json::to_vec(value).unwrap(),
                4 => b"ab".to_vec(),
                _ => value.as_bytes()[..cut % value.len()].to_vec(),
            };
            bytes.push(b"\n ab\xff"[cut % 5]);
            bytes
        });
        let text = proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat());
        (Just(secrets), text)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_stream_cut_anywhere_equals_the_whole((secrets, text) in texts()) {
        let secrets: Vec<_> = secrets.iter().map(|value| Secret::from(value.as_str())).collect();
        let redactor = Redactor::new(&secrets);
        let whole = redactor.redact_bytes(&text).into_owned();
        for cut in 0..=text.len() {
            let mut stream = redactor.stream();
            let mut masked = stream.push(&text[..cut]);
            masked.extend(stream.push(&text[cut..]));
            masked.extend(stream.finish());
            prop_assert_eq!(&masked, &whole, "cut at {}", cut);
        }
        let mut stream = redactor.stream();
        let mut masked: Vec<u8> = text.iter().flat_map(|byte| stream.push(&[*byte])).collect();
        masked.extend(stream.finish());
        prop_assert_eq!(&masked, &whole, "byte by byte");
    }

    #[test]
    fn no_form_of_a_secret_remains(
        value in "[a-z0-9/+\" ä]{8,60}",
        before in "[A-Z]{0,5}",
        after in "[A-Z]{0,5}",
    ) {
        let redactor = Redactor::new(&[Secret::from(value.as_str())]);
        let text = format!("{before}{value}{after}");
        for (name, encoded) in [
            ("plain", text.clone()),
            ("standard", STANDARD.encode(&text)),
            ("standard without padding", STANDARD_NO_PAD.encode(&text)),
            ("URL-safe", URL_SAFE.encode(&text)),
            ("URL-safe without padding", URL_SAFE_NO_PAD.encode(&text)),
            ("percent", url::form_urlencoded::byte_serialize(text.as_bytes()).collect()),
            ("json", serde_json::to_string(&text).unwrap()),
        ] {
            let masked = redactor.redact(&encoded);
            let around = masked.replacen(Redactor::MASK, "", 1);
            prop_assert!(masked.contains(Redactor::MASK), "{}: {}", name, masked);
            // What is left is what stood around it, and the characters that it shared with the secret.
            let allowed = (before.len() + after.len()) * 4 / 3 + 4;
            prop_assert!(around.len() <= allowed, "{}: {}", name, masked);
        }
    }
}
