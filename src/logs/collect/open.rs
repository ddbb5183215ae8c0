//! Opening the outputs of containers: so many at a time.

use std::collections::{HashMap, VecDeque};

use futures_util::StreamExt;
use futures_util::stream;

use super::{Collector, News, Piece};
use crate::base::ContainerId;
use crate::engine::{Answer, Answers, LogChunk, LogQuery};

/// Outputs that are being opened, or read to their end, at a time: each is a connection to the engine. What
/// is followed for as long as a container runs only counts until it is open.
const MOST: usize = 16;

/// An output that is to be opened.
enum Output {
    /// The log.
    Log(LogQuery),
    /// What a running container writes from now on.
    Live,
}

/// Outputs that are being opened.
#[derive(Default)]
pub(super) struct Openings {
    waiting: VecDeque<(ContainerId, Output)>,
    /// Those that count, and whether they still do once they are open.
    busy: HashMap<ContainerId, bool>,
}

impl Collector {
    /// Reads the log of a container.
    pub(super) fn open(&mut self, id: &ContainerId, since: Option<String>, follow: bool) {
        let options = &self.request.options;
        let query = LogQuery {
            follow: follow && options.follow,
            tail: options.tail,
            since,
            until: options.until.clone(),
            timestamps: options.timestamps,
        };
        self.enqueue(id, Output::Log(query));
    }

    /// Attaches to a running container.
    pub(super) fn listen(&mut self, id: &ContainerId) {
        self.enqueue(id, Output::Live);
    }

    fn enqueue(&mut self, id: &ContainerId, output: Output) {
        let Some(one) = self.watched.get_mut(id) else { return };
        one.live = true;
        self.openings.waiting.push_back((id.clone(), output));
        self.open_more();
    }

    fn open_more(&mut self) {
        while self.openings.busy.len() < MOST
            && let Some((id, output)) = self.openings.waiting.pop_front()
        {
            let ends = matches!(&output, Output::Log(query) if !query.follow);
            self.openings.busy.insert(id.clone(), ends);
            let engine = self.engine.clone();
            self.chores.push(Box::pin(async move {
                let answer = match output {
                    Output::Log(query) => engine.logs(&id, query).await,
                    Output::Live => engine.attach(&id).await,
                };
                News::Opened(id, answer)
            }));
        }
    }

    /// An output was opened.
    pub(super) fn opened(&mut self, id: &ContainerId) {
        if self.openings.busy.get(id) == Some(&false) {
            self.closed(id);
        }
    }

    /// An output ended, or could not be opened.
    pub(super) fn closed(&mut self, id: &ContainerId) {
        self.openings.busy.remove(id);
        self.open_more();
    }

    /// Reads its log from the end of the run before on. What a container says first may be stamped with a
    /// time before that of its start.
    pub(super) fn open_present_run(&mut self, id: &ContainerId) {
        let Some(one) = self.watched.get_mut(id) else { return };
        one.live = true;
        let options = self.request.options.clone();
        let timestamps = options.timestamps && !self.attached;
        let ended_at = one.ended_at.clone();
        let (engine, id) = (self.engine.clone(), id.clone());
        self.chores.push(Box::pin(async move {
            let answer = async {
                let since = match ended_at {
                    Some(time) => time,
                    None => engine.inspect_container(&id).await?.started_at,
                };
                let since = Some(since).filter(|since| !since.is_empty());
                // `--tail` is about what was there at the beginning: of a new run, every line is news.
                let query = LogQuery { follow: true, tail: None, since, until: options.until, timestamps };
                engine.logs(&id, query).await
            };
            let answer: Answer<'_, _> = Box::pin(answer);
            News::Opened(id.clone(), answer.await)
        }));
    }

    /// Takes the pieces of an output.
    pub(super) fn read(&mut self, id: &ContainerId, output: Answers<LogChunk>) {
        let id = id.clone();
        let state = (id, Some(output));
        self.pieces.push(Box::pin(stream::unfold(state, |(id, output)| async move {
            let mut output = output?;
            let (piece, output) = match output.next().await {
                Some(Ok(chunk)) => (Piece::Chunk(chunk), Some(output)),
                Some(Err(error)) => (Piece::End(Some(error)), None),
                None => (Piece::End(None), None),
            };
            Some(((id.clone(), piece), (id, output)))
        })));
    }
}
