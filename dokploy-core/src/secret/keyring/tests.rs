use super::*;

const PLACE: Context<'static> = Context {
    table: "credentials",
    row: "7",
    column: "password",
};

fn ring() -> Keyring {
    Keyring::generate().unwrap()
}

#[test]
fn a_value_opens_where_it_was_sealed_and_nowhere_else() {
    let ring = ring();
    let sealed = ring.seal(&Secret::new("hunter2"), PLACE).unwrap();
    assert_eq!(ring.open(&sealed, PLACE).unwrap().expose(), "hunter2");
    let elsewhere = [
        Context {
            table: "releases",
            ..PLACE
        },
        Context { row: "8", ..PLACE },
        Context {
            column: "token",
            ..PLACE
        },
        // The same letters, cut differently.
        Context {
            table: "credentials7",
            row: "",
            ..PLACE
        },
    ];
    for place in elsewhere {
        let error = ring.open(&sealed, place).unwrap_err();
        assert!(error.message().contains("does not open"), "{error}");
    }
}

#[test]
fn a_changed_or_cut_seal_does_not_open() {
    let ring = ring();
    let sealed = ring.seal(&Secret::new("hunter2"), PLACE).unwrap();
    let bytes = STANDARD.decode(&sealed.sealed).unwrap();
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        for forged in [changed.as_slice(), &bytes[..position]] {
            let forged = SealedSecret {
                sealed: STANDARD.encode(forged),
                ..sealed.clone()
            };
            assert!(ring.open(&forged, PLACE).is_err());
        }
    }
}

#[test]
fn equal_values_have_different_seals() {
    let ring = ring();
    let value = Secret::new("hunter2");
    assert_ne!(
        ring.seal(&value, PLACE).unwrap(),
        ring.seal(&value, PLACE).unwrap()
    );
}

#[test]
fn a_retired_key_opens_and_the_new_one_seals() {
    let old = STANDARD.encode(**ring().keys.values().next().unwrap());
    let new = STANDARD.encode(**ring().keys.values().next().unwrap());
    let sealed = Keyring::from_base64(&old)
        .unwrap()
        .seal(&Secret::new("hunter2"), PLACE)
        .unwrap();
    let rotated = Keyring::from_base64(&format!("{new},\n{old}\n")).unwrap();
    assert_eq!(rotated.open(&sealed, PLACE).unwrap().expose(), "hunter2");
    let again = rotated.seal(&Secret::new("hunter2"), PLACE).unwrap();
    assert_eq!(again.key_id, rotated.primary_id());
    assert_ne!(again.key_id, sealed.key_id);
    let error = Keyring::from_base64(&new)
        .unwrap()
        .open(&sealed, PLACE)
        .unwrap_err();
    assert!(
        error.message().contains("is not in the key ring"),
        "{error}"
    );
}

#[test]
fn weak_keys_are_refused() {
    let mut counting = [0; KEY_LEN];
    for (index, byte) in (200_u8..232).enumerate() {
        counting[index] = byte;
    }
    let mut repeating = [0; KEY_LEN];
    for (index, byte) in [0x13, 0xfe, 0x80, 0x41]
        .iter()
        .cycle()
        .take(KEY_LEN)
        .enumerate()
    {
        repeating[index] = *byte;
    }
    let text = *b"correct horse battery staple !!1";
    for key in [[0; KEY_LEN], [0xff; KEY_LEN], counting, repeating, text] {
        let error = Keyring::new("one", key).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSpec);
        assert!(error.message().contains("is weak"), "{error}");
        assert!(error.hint().unwrap().contains("openssl rand"));
    }
}

#[test]
fn malformed_keys_are_refused_without_being_shown() {
    for text in ["", " ,", "short", "c2hvcnQ=", "not base64 at all!"] {
        let error = Keyring::from_base64(text).unwrap_err();
        assert!(error.message().starts_with("secretKey: is "), "{error}");
        assert!(!error.message().contains("short"), "{error}");
    }
}

#[test]
fn the_canary_tells_the_right_key_from_a_wrong_one() {
    let right = ring();
    let canary = right.canary().unwrap();
    right.check_canary(&canary).unwrap();
    let stranger = ring().check_canary(&canary).unwrap_err();
    assert!(
        stranger.message().contains("is the wrong key"),
        "{stranger}"
    );
    let first = Keyring::new("one", **right.keys.values().next().unwrap()).unwrap();
    let second = Keyring::new("one", **ring().keys.values().next().unwrap()).unwrap();
    let namesake = second.check_canary(&first.canary().unwrap()).unwrap_err();
    assert!(namesake.message().contains("does not open"), "{namesake}");
    assert!(right.check_canary("garbage").is_err());
}

#[test]
fn debug_shows_no_key() {
    let ring = Keyring::generate().unwrap();
    let key = ring.keys.values().next().unwrap();
    let text = format!("{ring:?}");
    assert!(!text.contains(&STANDARD.encode(**key)) && !text.contains(&hex::encode(**key)));
    assert!(!text.contains(&format!("{:?}", **key)));
}

#[test]
fn a_key_file_is_made_once_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("secret.key");
    let made = Keyring::load_or_create(&path).unwrap();
    let read = Keyring::load_or_create(&path).unwrap();
    read.check_canary(&made.canary().unwrap()).unwrap();
    assert_eq!(
        std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
        1
    );
}

#[test]
fn processes_that_start_together_agree_on_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");
    let start = std::sync::Barrier::new(8);
    let ids: BTreeSet<_> = std::thread::scope(|scope| {
        let starters: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    Keyring::load_or_create(&path)
                        .unwrap()
                        .primary_id()
                        .to_owned()
                })
            })
            .collect();
        starters
            .into_iter()
            .map(|starter| starter.join().unwrap())
            .collect()
    });
    assert_eq!(ids.len(), 1);
}

#[cfg(unix)]
#[test]
fn a_key_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");
    Keyring::load_or_create(&path).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = Keyring::load_or_create(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.hint().unwrap().contains("chmod 600"), "{error:?}");
}
