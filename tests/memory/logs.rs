//! The outputs of many containers as one, on an engine in memory.

use std::time::Duration;

use futures_util::future::join;
use rcompose::app::attach::{self, Options, Unreadable};
use rcompose::event::{LogEvent, Stream};
use rcompose::memory::{Behaviour, MemoryEngine};
use rcompose::plan::{Intent, Up};
use rcompose::state::ApiVersion;
use tokio::sync::mpsc;

use crate::world::{self, Run, desired, with_paused_time};

/// Sixty containers that say something and, or so it is wished, end.
async fn talkers(end: Option<Duration>) -> MemoryEngine {
    let engine = world::engine(ApiVersion::new(1, 51));
    engine.add_image("talk");
    let output = vec![(Stream::Stdout, "hello\n".to_owned())];
    engine.behave("talk", Behaviour { exit_after: end, output, ..Behaviour::default() });
    let (desired, _) = desired("name: shop\nservices:\n  talk: {image: talk, scale: 60}\n");
    world::converge(&engine, &desired, Intent::Up(Up::all()), &Run::default()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    engine
}

/// How many lines are read until all is read, or none comes for some time; and what could not be read.
async fn lines(engine: &MemoryEngine, options: Options) -> (usize, Unreadable) {
    let session = world::session(engine, &Run::default());
    let collector = attach::read(&session, &"shop".into(), None, None, options).await.unwrap();
    let (sender, mut lines) = mpsc::channel(8);
    let counting = async move {
        let mut count = 0;
        while let Ok(Some(LogEvent::Line { text, .. })) =
            tokio::time::timeout(Duration::from_secs(60), lines.recv()).await
        {
            assert_eq!(text, b"hello");
            count += 1;
        }
        // The lines go with it: nobody reads any more.
        count
    };
    let (unreadable, count) = join(collector.run(sender), counting).await;
    (count, unreadable)
}

#[test]
fn so_many_logs_are_read_at_a_time() {
    with_paused_time(async {
        let engine = talkers(Some(Duration::from_millis(10))).await;
        let (count, unreadable) = lines(&engine, Options::default()).await;
        assert_eq!((count, unreadable.len()), (60, 0));
        assert!((1..=16).contains(&engine.most_readers()), "{}", engine.most_readers());
    });
}

#[test]
fn what_goes_on_is_followed_however_many_they_are() {
    with_paused_time(async {
        let engine = talkers(None).await;
        let (count, _) = lines(&engine, Options { follow: true, ..Options::default() }).await;
        assert_eq!((count, engine.most_readers()), (60, 60));
    });
}
