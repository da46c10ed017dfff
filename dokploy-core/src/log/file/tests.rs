use tokio::sync::watch;

use super::*;
use crate::clock::SystemClock;

fn open(path: &Path) -> LogFile {
    let channel = Arc::new(Channel {
        written: watch::Sender::new(0),
        file: Mutex::default(),
    });
    let clock = Arc::new(SystemClock);
    LogFile::open(path.to_owned(), LogLimits::default(), clock, channel).unwrap()
}

fn swap(log: &LogFile, mut file: File) -> File {
    std::mem::swap(&mut lock(&log.disk).file, &mut file);
    file
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_no_line_until_the_memory_is_full_and_then_says_how_many() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let log = open(&path);
    let text = "x".repeat(1000);
    let append = |count: usize| {
        for _ in 0..count {
            log.append(Step::BuildImage, LogStream::Stdout, text.clone());
        }
    };
    append(1);
    log.flush().unwrap();
    let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
    let good = swap(&log, full);
    append(1);
    assert!(log.flush().is_err());
    append(1000);
    assert!(log.flush().is_err());
    assert!(lock(&log.pending).buffer.len() < 2 * BUFFER_BYTES);
    swap(&log, good);
    log.finish().unwrap();

    let lines: Vec<_> = std::fs::read(&path)
        .unwrap()
        .split(|byte| *byte == b'\n')
        .filter_map(record::decode)
        .collect();
    assert!(lines.iter().map(|line| line.seq).eq(1..=lines.len() as u64));
    let kept = lines.len() - 1;
    let mark = &lines[kept].text;
    assert!(kept > 200, "{kept}");
    assert!(
        mark.starts_with(&format!("[{} lines are missing", 1002 - kept)),
        "{mark}"
    );
}
