//! The course of an attached run, as a pure state machine: what happens goes in, what is to be done comes
//! out. No clock, no engine and no terminal is known here.
//!
//! ```text
//! Starting ──applied──▶ Following ──ended──▶ Over
//!     │                     │
//!     └──signal, abort──────┴──▶ Stopping ──stopped, ended──▶ Over
//! ```

use crate::base::ServiceName;

/// When the end of one container ends the whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AbortOn {
    /// Never: the run lasts until all have ended.
    #[default]
    Never,
    /// At the first end.
    Exit,
    /// At the first end with a code other than 0.
    Failure,
}

/// What is fixed for the whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Which end of a container ends the run.
    pub abort_on: AbortOn,
    /// The service whose first exit code is that of the run.
    pub exit_code_from: Option<ServiceName>,
    /// After a signal, output is shown until the containers have stopped: for people at a terminal. Else it
    /// is cut off at the signal.
    pub last_words: bool,
}

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The run of the plan is over.
    Applied(Applied),
    /// A watched container ended.
    Exited {
        /// Its service.
        service: ServiceName,
        /// Its exit code.
        code: i64,
    },
    /// No watched container runs any more, and all output was read.
    Ended,
    /// The user asked for an end: SIGINT, SIGTERM.
    Signal,
    /// The stop that was asked for is over, whether it succeeded or not.
    Stopped,
    /// The time of [`Action::AwaitLastWords`] is over.
    TimeUp,
    /// Nobody reads the output any more.
    Unread,
}

/// How the run of the plan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Everything was done.
    Done,
    /// It was cancelled before everything was done, and nothing failed.
    Cancelled,
    /// Something failed.
    Failed,
}

/// Something is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Begin no further step of the plan; what is in flight may finish.
    CancelRun,
    /// Drop what is in flight too.
    ForceRun,
    /// Stop the selected services, each with its grace period.
    Stop,
    /// Stop them at once; a stop that is under way is given up.
    Kill,
    /// Show no more output.
    Mute,
    /// Wait a moment for output that is still to come: [`Input::TimeUp`].
    AwaitLastWords,
    /// Tell the user.
    Tell(Notice),
}

/// What the user is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A signal came: containers are being stopped, a second signal kills them.
    Stopping,
    /// A container ended, and everything is being stopped because of it.
    Aborting,
}

/// How the run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The plan was not carried out: the report says why.
    NotApplied,
    /// The containers ended; the exit code of the run.
    Exited(i64),
    /// The user ended it.
    Signalled,
    /// Nobody reads the output; the containers go on. `awaited` when the run was to return the exit code of
    /// a container that is still unknown.
    Unread {
        /// Whether an exit code was wanted.
        awaited: bool,
    },
}

/// Exit codes seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// Of the container that made the run abort.
    aborting: Option<i64>,
    /// Of the service the code is taken from.
    chosen: Option<i64>,
}

impl Codes {
    fn end(self) -> End {
        End::Exited(self.chosen.or(self.aborting).unwrap_or(0))
    }
}

/// Why containers are being stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// So many signals.
    Signals(u32),
    /// A container ended.
    Exit,
}

/// Where the stop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopState {
    /// It begins when the run of the plan has ended.
    Due,
    /// It is under way.
    Going,
    /// It is over.
    Done,
}

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The plan is being carried out.
    Starting {
        /// Codes of containers that ended.
        codes: Codes,
        /// Nobody reads the output: the run is over once the plan is carried out.
        unread: bool,
    },
    /// The plan was carried out; watched containers run.
    Following(Codes),
    /// Containers are being stopped.
    Stopping {
        /// Why.
        cause: Cause,
        /// Codes of containers that ended.
        codes: Codes,
        /// How the run of the plan ended, once it has.
        applied: Option<Applied>,
        /// Where the stop is.
        stop: StopState,
        /// Whether all output was read.
        ended: bool,
    },
    /// Over.
    Over(End),
}

impl Default for Phase {
    fn default() -> Phase {
        Phase::Starting { codes: Codes::default(), unread: false }
    }
}

/// The next phase, and what is to be done now.
pub fn next(policy: &Policy, phase: Phase, input: &Input) -> (Phase, Vec<Action>) {
    match phase {
        Phase::Over(_) => (phase, Vec::new()),
        Phase::Starting { codes, unread } => match input {
            Input::Applied(Applied::Done) if unread => (Phase::Over(policy.unread()), Vec::new()),
            Input::Applied(Applied::Done) => (Phase::Following(codes), Vec::new()),
            Input::Applied(Applied::Cancelled | Applied::Failed) => {
                (Phase::Over(End::NotApplied), Vec::new())
            }
            Input::Unread => (Phase::Starting { codes, unread: true }, vec![Action::Mute]),
            Input::Signal => policy.signal(codes, false),
            Input::Exited { service, code } => {
                let (codes, aborts) = policy.exit(codes, service, *code);
                if aborts { abort(codes, false) } else { (Phase::Starting { codes, unread }, Vec::new()) }
            }
            Input::Ended | Input::Stopped | Input::TimeUp => (phase, Vec::new()),
        },
        Phase::Following(codes) => match input {
            Input::Ended => (Phase::Over(codes.end()), Vec::new()),
            Input::Unread => (Phase::Over(policy.unread()), Vec::new()),
            Input::Signal => policy.signal(codes, true),
            Input::Exited { service, code } => {
                let (codes, aborts) = policy.exit(codes, service, *code);
                if aborts { abort(codes, true) } else { (Phase::Following(codes), Vec::new()) }
            }
            Input::Applied(_) | Input::Stopped | Input::TimeUp => (phase, Vec::new()),
        },
        Phase::Stopping { cause, codes, applied, stop, ended } => {
            let mut now = Stopping { cause, codes, applied, stop, ended };
            let actions = now.takes(policy, input);
            (now.phase(policy, input), actions)
        }
    }
}

impl Policy {
    /// Takes an end; whether it ends the run.
    fn exit(&self, mut codes: Codes, service: &ServiceName, code: i64) -> (Codes, bool) {
        if self.exit_code_from.as_ref() == Some(service) {
            codes.chosen.get_or_insert(code);
        }
        let aborts = match self.abort_on {
            AbortOn::Never => false,
            AbortOn::Exit => true,
            AbortOn::Failure => code != 0,
        };
        if aborts {
            codes.aborting.get_or_insert(code);
        }
        (codes, aborts)
    }

    fn unread(&self) -> End {
        End::Unread { awaited: self.abort_on != AbortOn::Never || self.exit_code_from.is_some() }
    }

    fn signal(&self, codes: Codes, applied: bool) -> (Phase, Vec<Action>) {
        let mut actions = vec![Action::Tell(Notice::Stopping)];
        if !self.last_words {
            actions.push(Action::Mute);
        }
        actions.push(if applied { Action::Stop } else { Action::CancelRun });
        (stopping(Cause::Signals(1), codes, applied), actions)
    }
}

fn abort(codes: Codes, applied: bool) -> (Phase, Vec<Action>) {
    let actions =
        vec![Action::Tell(Notice::Aborting), if applied { Action::Stop } else { Action::CancelRun }];
    (stopping(Cause::Exit, codes, applied), actions)
}

fn stopping(cause: Cause, codes: Codes, applied: bool) -> Phase {
    let stop = if applied { StopState::Going } else { StopState::Due };
    let applied = applied.then_some(Applied::Done);
    Phase::Stopping { cause, codes, applied, stop, ended: false }
}

/// The fields of [`Phase::Stopping`].
struct Stopping {
    cause: Cause,
    codes: Codes,
    applied: Option<Applied>,
    stop: StopState,
    ended: bool,
}

impl Stopping {
    fn takes(&mut self, policy: &Policy, input: &Input) -> Vec<Action> {
        match input {
            Input::Applied(applied) => {
                self.applied = Some(*applied);
                if self.stop == StopState::Due {
                    self.stop = StopState::Going;
                    return vec![Action::Stop];
                }
            }
            Input::Exited { service, code } => self.codes = policy.exit(self.codes, service, *code).0,
            Input::Ended => self.ended = true,
            Input::Stopped => {
                self.stop = StopState::Done;
                if matches!(self.cause, Cause::Signals(_)) && policy.last_words && !self.ended {
                    return vec![Action::AwaitLastWords];
                }
            }
            Input::Signal => {
                let signals = match self.cause {
                    Cause::Signals(count) => count.saturating_add(1),
                    Cause::Exit => 1,
                };
                self.cause = Cause::Signals(signals);
                if signals == 1 {
                    // The stop is under way already: only the way it ends is another.
                    let told = Action::Tell(Notice::Stopping);
                    return if policy.last_words { vec![told] } else { vec![told, Action::Mute] };
                }
                self.stop = StopState::Going;
                return vec![Action::Mute, Action::ForceRun, Action::Kill];
            }
            Input::Unread => return vec![Action::Mute],
            Input::TimeUp => self.ended = true,
        }
        Vec::new()
    }

    /// The phase that follows.
    fn phase(self, policy: &Policy, input: &Input) -> Phase {
        let Stopping { cause, codes, applied, stop, ended } = self;
        let stopped = applied.is_some() && stop == StopState::Done;
        match cause {
            // Whoever asks a third time does not want to wait for the engine.
            Cause::Signals(3..) if *input == Input::Signal => Phase::Over(End::Signalled),
            Cause::Signals(count) if stopped && (ended || count > 1 || !policy.last_words) => {
                Phase::Over(End::Signalled)
            }
            Cause::Exit if stopped && ended => Phase::Over(match (codes.end(), applied) {
                // That a container ended well does not excuse a failure.
                (End::Exited(0), Some(Applied::Failed)) => End::NotApplied,
                (end, _) => end,
            }),
            _ => Phase::Stopping { cause, codes, applied, stop, ended },
        }
    }
}

#[cfg(test)]
mod tests;
