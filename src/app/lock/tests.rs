use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::app::{Cancel, Events, cancellation};
use crate::memory::MemoryEngine;

/// A session that keeps its locks there, and what it says.
fn session(directories: &[&Path], wait: bool, cancel: Cancel) -> (Session, UnboundedReceiver<Event>) {
    let (sender, receiver) = unbounded_channel();
    let directories = directories.iter().map(|path| path.to_path_buf()).collect();
    let lock = LockOptions { directories, wait };
    let engine = Arc::new(MemoryEngine::new());
    (Session { engine, events: Events::new(sender), cancel, parallel: None, lock }, receiver)
}

fn shop() -> ProjectName {
    ProjectName::normalize("shop").unwrap()
}

fn files(directory: &Path) -> usize {
    std::fs::read_dir(directory).unwrap().count()
}

fn told(receiver: &mut UnboundedReceiver<Event>) -> Vec<String> {
    let mut texts = Vec::new();
    while let Ok(Event::Message { text, .. }) = receiver.try_recv() {
        texts.push(text);
    }
    texts
}

#[tokio::test]
async fn a_second_writer_says_whom_it_waits_for_and_then_goes_on() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("locks");
    let (first, mut quiet) = session(&[&directory], true, Cancel::never());
    let (second, mut heard) = session(&[&directory], true, Cancel::never());
    let lock = acquire(&first, &shop(), "up").await.unwrap();
    assert!(lock.is_held());
    assert_eq!(std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);

    let project = shop();
    let mut waiting = std::pin::pin!(acquire(&second, &project, "down"));
    let said = tokio::select! {
        Some(event) = heard.recv() => event,
        _ = &mut waiting => panic!("two hold the lock"),
    };
    let words = format!("rcompose up (pid {}, since 0 s)", std::process::id());
    let Event::Message { level: Level::Info, text } = said else { panic!("{said:?}") };
    assert_eq!(text, format!("waiting for {words}"));

    // Another project is another matter, and so is a reader, who asks for no lock.
    let other = ProjectName::normalize("other").unwrap();
    drop(acquire(&second, &other, "up").await.unwrap());

    let (third, _) = session(&[&directory], false, Cancel::never());
    let error = acquire(&third, &shop(), "restart").await.unwrap_err();
    assert_eq!(error.to_string(), format!("not waiting for {words}, which is changing project \"shop\""));

    drop(lock);
    let lock = waiting.await.unwrap();
    assert!(lock.is_held());
    assert!(told(&mut heard).is_empty() && told(&mut quiet).is_empty());
    drop(lock);
    assert_eq!(files(&directory), 0, "a lock that is given back leaves no file");
}

#[tokio::test]
async fn a_wait_for_the_lock_can_be_cancelled() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("locks");
    let (first, _quiet) = session(&[&directory], true, Cancel::never());
    let _lock = acquire(&first, &shop(), "up").await.unwrap();
    let (canceller, cancel) = cancellation();
    let (second, _heard) = session(&[&directory], true, cancel);
    let project = shop();
    let mut waiting = std::pin::pin!(acquire(&second, &project, "up"));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    canceller.advance();
    assert!(matches!(waiting.await, Err(LockError::Cancelled)));
}

#[tokio::test]
async fn what_a_killed_holder_left_is_taken_over() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("locks");
    let (one, mut heard) = session(&[&directory], false, Cancel::never());
    let path = directory.join(file_name("memory", &shop()));
    for left in ["", "{", r#"{"project":"shop","engine":"memory","pid":1,"command":"up","since_ms":1}"#] {
        make_private(&directory).unwrap();
        std::fs::write(&path, left).unwrap();
        assert!(acquire(&one, &shop(), "up").await.unwrap().is_held(), "{left}");
    }
    assert!(told(&mut heard).is_empty());
}

#[tokio::test]
async fn a_directory_that_others_can_reach_is_not_used() {
    let root = tempfile::tempdir().unwrap();
    let (open, link, file, good) = (
        root.path().join("open"),
        root.path().join("link"),
        root.path().join("file"),
        root.path().join("good"),
    );
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
    make_private(&good).unwrap();
    std::os::unix::fs::symlink(&good, &link).unwrap();
    std::fs::write(&file, "").unwrap();
    let missing = root.path().join("missing/locks");
    for (path, why) in [
        (&open, "is open to other users (mode 777, should be 700)"),
        (&link, "is not a directory"),
        (&file, "is not a directory"),
        (&missing, "No such file or directory"),
    ] {
        let (one, mut heard) = session(&[path], true, Cancel::never());
        assert!(!acquire(&one, &shop(), "up").await.unwrap().is_held(), "{path:?}");
        let told = told(&mut heard);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with("cannot lock project \"shop\" against other rcompose commands"),
            "{told:?}"
        );
        assert!(told[0].contains(why), "{told:?}");
        // The next one in the list is as good.
        let (one, mut heard) = session(&[path, &good], true, Cancel::never());
        assert!(acquire(&one, &shop(), "up").await.unwrap().is_held(), "{path:?}");
        assert!(self::told(&mut heard).is_empty());
    }
    assert_eq!((files(&open), files(&good)), (0, 0));
}

/// The file is removed by each holder and made by the next: nobody may hold one of them while another holds
/// the other.
#[test]
fn many_writers_take_turns() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("locks");
    let (inside, turns) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(async {
                    let (one, _heard) = session(&[&directory], true, Cancel::never());
                    for _ in 0..10 {
                        let lock = acquire(&one, &shop(), "up").await.unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two at once");
                        std::thread::sleep(Duration::from_millis(1));
                        inside.fetch_sub(1, Ordering::SeqCst);
                        turns.fetch_add(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            });
        }
    });
    assert_eq!(turns.into_inner(), 60);
    assert_eq!(files(&directory), 0);
}
