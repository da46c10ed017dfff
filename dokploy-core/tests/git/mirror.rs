//! The mirror: shared, killed, damaged and worn out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use dokploy_core::ErrorKind;
use dokploy_core::source::{GitFetcher, GitOptions, SourceFetcher, SourceRequest};
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::fetching::only_mirror;
use crate::repository::noise;
use crate::{Fixture, context, environment, options, read, request};
use dokploy_tests::git_server::Behavior;

/// Something that happens to a mirror.
type Damage = fn(&Fixture);

fn packs(fixture: &Fixture) -> Vec<PathBuf> {
    let pack = only_mirror(fixture).path.join("objects/pack");
    fs::read_dir(pack)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_fetches_of_one_application_all_succeed() {
    let fixture = Fixture::new();
    let request = fixture.request();
    // A fetcher of its own stands for another process: they share nothing but the directory.
    let fetchers: Vec<_> = (0..4)
        .map(|_| GitFetcher::new(options(fixture.directory.path())).unwrap())
        .collect();
    for round in 0..3 {
        fixture
            .repository
            .write("src/main.txt", format!("{round}\n"));
        fixture.repository.commit("More");
        let cancel = CancellationToken::new();
        let trees = join_all(fetchers.iter().map(|fetcher| async {
            let revision = fetcher.resolve(&request, &cancel).await?;
            fetcher.fetch(&request, &revision, &cancel).await
        }))
        .await;
        for tree in trees {
            assert_eq!(
                read(&tree.unwrap(), "src/main.txt").await,
                Some(format!("{round}\n"))
            );
        }
    }
    only_mirror(&fixture).git(&["fsck", "--strict"]);
}

#[tokio::test]
async fn what_a_killed_fetch_left_is_no_obstacle() {
    let fixture = Fixture::new();
    let request = fixture.request();
    fixture.fetch(&request).await.unwrap();
    let mirror = only_mirror(&fixture).path;
    for name in [
        "shallow.lock",
        "HEAD.lock",
        "objects/pack/.tmpAbC",
        "objects/pack/tmp_pack_x",
        "refs/.tmpXyZ",
    ] {
        fs::write(mirror.join(name), "half").unwrap();
    }
    fs::write(
        mirror.join(format!("objects/pack/pack-{}.pack", "0".repeat(40))),
        "half a pack",
    )
    .unwrap();
    fs::write(
        mirror.join(format!("objects/pack/pack-{}.keep", "0".repeat(40))),
        "",
    )
    .unwrap();
    let shelf = mirror.parent().unwrap();
    fs::create_dir_all(shelf.join("draft-x/objects")).unwrap();
    fs::create_dir_all(shelf.join("discarded-x/mirror")).unwrap();
    fixture.repository.write("src/main.txt", "two\n");
    fixture.repository.commit("Second");
    let tree = fixture.fetch(&request).await.unwrap();
    assert_eq!(read(&tree, "src/main.txt").await.as_deref(), Some("two\n"));
    let left: Vec<_> = fs::read_dir(shelf)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
    for pack in packs(&fixture) {
        let extension = pack
            .extension()
            .and_then(|it| it.to_str())
            .map(str::to_owned);
        assert!(
            matches!(extension.as_deref(), Some("pack" | "idx")),
            "{pack:?}"
        );
    }
    only_mirror(&fixture).git(&["fsck", "--connectivity-only"]);
}

#[tokio::test]
async fn a_fetch_that_was_cut_off_leaves_nothing_half_done() {
    let fixture = Fixture::new();
    let request = fixture.request();
    let revision = fixture.resolve(&request).await.unwrap();
    for bytes in (1..400).step_by(37) {
        fixture.server.behave(Behavior::CutAfter(bytes));
        let _ = fixture
            .fetcher
            .fetch(&request, &revision, &CancellationToken::new())
            .await;
        let mirror = only_mirror(&fixture);
        assert_eq!(mirror.git(&["for-each-ref"]), "", "{bytes}");
        mirror.git(&["fsck"]);
    }
    fixture.server.behave(Behavior::Serve);
    fixture.fetch(&request).await.unwrap();
}

#[tokio::test]
async fn a_damaged_mirror_is_replaced_by_the_next_fetch() {
    let fixture = Fixture::new();
    let request = fixture.request();
    let damages: [(&str, Damage); 7] = [
        ("no packs", |fixture| {
            for pack in packs(fixture) {
                fs::remove_file(pack).unwrap();
            }
        }),
        ("an empty index", |fixture| {
            for pack in packs(fixture)
                .iter()
                .filter(|pack| pack.extension().is_some_and(|it| it == "idx"))
            {
                fs::remove_file(pack).unwrap();
                fs::write(pack, "").unwrap();
            }
        }),
        ("a cut pack", |fixture| {
            for pack in packs(fixture)
                .iter()
                .filter(|pack| pack.extension().is_some_and(|it| it == "pack"))
            {
                fs::remove_file(pack).unwrap();
                fs::write(pack, "PACK").unwrap();
            }
        }),
        ("no head", |fixture| {
            fs::remove_file(only_mirror(fixture).path.join("HEAD")).unwrap();
        }),
        ("a broken configuration", |fixture| {
            fs::write(only_mirror(fixture).path.join("config"), "[[[").unwrap();
        }),
        ("no lock of the readers", |fixture| {
            fs::remove_file(only_mirror(fixture).path.join("in-use")).unwrap();
        }),
        ("a broken boundary", |fixture| {
            fs::write(only_mirror(fixture).path.join("shallow"), "what?").unwrap();
        }),
    ];
    for (name, damage) in damages {
        fixture.fetch(&request).await.unwrap();
        damage(&fixture);
        fixture
            .repository
            .write("src/main.txt", format!("{name}\n"));
        fixture.repository.commit("More");
        let tree = fixture
            .fetch(&request)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(read(&tree, "src/main.txt").await, Some(format!("{name}\n")));
        drop(tree);
        only_mirror(&fixture).git(&["fsck", "--connectivity-only"]);
    }
}

#[tokio::test]
async fn a_file_that_rotted_is_found_when_it_is_read_and_fetched_anew() {
    let fixture = Fixture::new();
    let request = fixture.request();
    drop(fixture.fetch(&request).await.unwrap());
    for pack in packs(&fixture)
        .iter()
        .filter(|pack| pack.extension().is_some_and(|it| it == "pack"))
    {
        let mut bytes = fs::read(pack).unwrap();
        let end = bytes.len() - 20;
        bytes[12..end].iter_mut().for_each(|byte| *byte ^= 0x55);
        fs::remove_file(pack).unwrap();
        fs::write(pack, bytes).unwrap();
    }
    // Either the fetch sees it and repairs it, or the first reader does and the next fetch repairs it.
    let tree = fixture.fetch(&request).await.unwrap();
    if let Err(error) = context(&tree).await {
        assert!(error.is_retryable(), "{error:?}");
    }
    drop(tree);
    let tree = fixture.fetch(&request).await.unwrap();
    context(&tree).await.unwrap();
}

#[tokio::test]
async fn another_address_gets_a_mirror_of_its_own_and_the_old_one_goes() {
    let fixture = Fixture::new();
    let mut request = fixture.request();
    let before = fixture.fetch(&request).await.unwrap();
    let old = only_mirror(&fixture).path;
    if let dokploy_core::model::Source::Git(source) = &mut request.source {
        source.repo_url = fixture.server.url("app/.git/");
    }
    let after = fixture.fetch(&request).await.unwrap();
    // Nobody takes the tree away from a reader.
    assert!(old.exists());
    assert_eq!(
        read(&before, "src/main.txt").await.as_deref(),
        Some("one\n")
    );
    drop((before, after));
    fixture.fetch(&request).await.unwrap();
    assert!(!old.exists());
    only_mirror(&fixture);
}

#[tokio::test]
async fn a_mirror_of_many_packs_is_replaced_by_a_fresh_one() {
    let fixture = Fixture::new();
    let request = fixture.request();
    let mut most = 0;
    for number in 0..80 {
        fixture
            .repository
            .write("src/main.txt", format!("{number}\n"));
        fixture.repository.commit("More");
        let tree = fixture.fetch(&request).await.unwrap();
        assert_eq!(
            read(&tree, "src/main.txt").await,
            Some(format!("{number}\n"))
        );
        most = most.max(packs(&fixture).len() / 2);
    }
    assert!((60..=70).contains(&most), "{most}");
    assert!(packs(&fixture).len() / 2 < 30);
}

#[tokio::test]
async fn a_mirror_that_cannot_be_written_is_a_clear_error() {
    let fixture = Fixture::new();
    let blocked = fixture.directory.path().join("blocked");
    fs::write(&blocked, "a file").unwrap();
    let fetcher = GitFetcher::new(GitOptions {
        mirrors: blocked,
        ..options(fixture.directory.path())
    })
    .unwrap();
    let request = fixture.request();
    let cancel = CancellationToken::new();
    let revision = fetcher.resolve(&request, &cancel).await.unwrap();
    let error = fetcher
        .fetch(&request, &revision, &cancel)
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(error.hint().unwrap().contains("free space"), "{error:?}");
}

/// The test below starts this program a second time, which then only fetches what it is told to.
const CHILD: &str = "DOKPLOY_TEST_GIT_CHILD";

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_is_killed_at_any_moment_leaves_a_usable_mirror() {
    let told = environment(CHILD);
    if let [directory, url, application] = told.split(' ').collect::<Vec<_>>()[..] {
        let fetcher = GitFetcher::new(options(Path::new(directory))).unwrap();
        let request = SourceRequest {
            application: application.parse().unwrap(),
            ..request(url)
        };
        let cancel = CancellationToken::new();
        let revision = fetcher.resolve(&request, &cancel).await.unwrap();
        fetcher.fetch(&request, &revision, &cancel).await.unwrap();
        return;
    }
    let fixture = Fixture::new();
    let request = fixture.request();
    let url = fixture.server.url("app/.git");
    let told = format!(
        "{} {url} {}",
        fixture.directory.path().display(),
        request.application
    );
    let whole = 40_000;
    for round in 0..24 {
        fixture
            .repository
            .write("noise", &noise(whole + round)[round..]);
        fixture.repository.commit("Noise");
        fixture
            .server
            .behave(Behavior::Slow(2_000, Duration::from_millis(1)));
        let before = fixture.server.sent();
        let mut child = this_program()
            .args([
                "--exact",
                "mirror::a_fetch_that_is_killed_at_any_moment_leaves_a_usable_mirror",
            ])
            .env(CHILD, &told)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // The last rounds come after the transfer, when the index and the reference are written.
        let enough = (whole / 20 * round).min(whole);
        while fixture.server.sent() < before + enough && child.try_wait().unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        fixture.server.behave(Behavior::Serve);
        if round % 4 == 3 {
            let tree = fixture.fetch(&request).await.unwrap();
            context(&tree).await.unwrap();
            only_mirror(&fixture).git(&["fsck", "--connectivity-only"]);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "only another process can be killed"
)]
fn this_program() -> Command {
    Command::new(std::env::current_exe().unwrap())
}
