//! Two-stage cancellation: the first signal stops gracefully, the second forces.

use tokio::sync::watch;

/// How far a cancellation went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CancelStage {
    /// Nobody asked for an end.
    #[default]
    Running,
    /// No new step begins; engine calls in flight finish, waits and downloads end at once.
    Graceful,
    /// Calls in flight are dropped too.
    Forced,
}

/// The end that asks.
#[derive(Debug)]
pub struct Canceller(watch::Sender<CancelStage>);

/// The end that listens; cheap to clone.
#[derive(Clone, Debug)]
pub struct Cancel(watch::Receiver<CancelStage>);

/// Both ends.
pub fn cancellation() -> (Canceller, Cancel) {
    let (sender, receiver) = watch::channel(CancelStage::Running);
    (Canceller(sender), Cancel(receiver))
}

impl Canceller {
    /// Goes at least as far as `stage`.
    pub fn cancel(&self, stage: CancelStage) {
        self.0.send_if_modified(|now| {
            let further = stage > *now;
            if further {
                *now = stage;
            }
            further
        });
    }

    /// The next stage: what a signal asks for.
    pub fn advance(&self) -> CancelStage {
        let stage = match *self.0.borrow() {
            CancelStage::Running => CancelStage::Graceful,
            CancelStage::Graceful | CancelStage::Forced => CancelStage::Forced,
        };
        self.cancel(stage);
        stage
    }

    /// Another listener.
    pub fn listen(&self) -> Cancel {
        Cancel(self.0.subscribe())
    }
}

impl Cancel {
    /// One that never ends anything.
    pub fn never() -> Cancel {
        cancellation().1
    }

    /// How far it went.
    pub fn stage(&self) -> CancelStage {
        *self.0.borrow()
    }

    /// Ends when the cancellation went at least as far as `stage`; never, when nobody can ask any more.
    pub async fn reached(&self, stage: CancelStage) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|now| *now >= stage).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
