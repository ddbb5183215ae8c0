//! Whole courses, as words: what happens, what is done, how it ends.

use super::*;

/// Reads `applied`, `failed`, `web=3`, `ended`, `signal`, `stopped`, `time`, `unread`.
fn input(word: &str) -> Input {
    match word {
        "applied" => Input::Applied(Applied::Done),
        "failed" => Input::Applied(Applied::Failed),
        "cancelled" => Input::Applied(Applied::Cancelled),
        "ended" => Input::Ended,
        "signal" => Input::Signal,
        "stopped" => Input::Stopped,
        "time" => Input::TimeUp,
        "unread" => Input::Unread,
        exit => {
            let (service, code) = exit.split_once('=').unwrap();
            Input::Exited { service: service.into(), code: code.parse().unwrap() }
        }
    }
}

fn word(action: Action) -> &'static str {
    match action {
        Action::CancelRun => "cancel",
        Action::ForceRun => "force",
        Action::Stop => "stop",
        Action::Kill => "kill",
        Action::Mute => "mute",
        Action::AwaitLastWords => "await",
        Action::Tell(Notice::Stopping) => "say-stopping",
        Action::Tell(Notice::Aborting) => "say-aborting",
    }
}

/// The actions of a whole course, and how it ended.
fn course(policy: &Policy, inputs: &str) -> (String, Option<End>) {
    let (mut phase, mut done) = (Phase::default(), Vec::new());
    for word_in in inputs.split_whitespace() {
        let (following, actions) = next(policy, phase, &input(word_in));
        phase = following;
        done.extend(actions.into_iter().map(word));
    }
    let end = match phase {
        Phase::Over(end) => Some(end),
        _ => None,
    };
    (done.join(" "), end)
}

#[track_caller]
fn rows(policy: &Policy, rows: &[(&str, &str, Option<End>)]) {
    for (inputs, actions, end) in rows {
        let (found, ended) = course(policy, inputs);
        assert_eq!((found.as_str(), ended), (*actions, *end), "{inputs}");
    }
}

const SIGNALLED: Option<End> = Some(End::Signalled);

#[test]
fn without_a_rule_it_lasts_until_all_have_ended() {
    let none = Policy::default();
    rows(
        &none,
        &[
            ("applied", "", None),
            ("applied web=3 db=0", "", None),
            ("applied web=3 ended", "", Some(End::Exited(0))),
            // The output may end before the run of the plan is known to have succeeded.
            ("failed", "", Some(End::NotApplied)),
            ("web=1 failed", "", Some(End::NotApplied)),
            // Nothing follows an end.
            ("applied ended signal unread", "", Some(End::Exited(0))),
        ],
    );
}

#[test]
fn one_end_may_end_all() {
    let exit = Policy { abort_on: AbortOn::Exit, ..Policy::default() };
    rows(
        &exit,
        &[
            ("applied web=0", "say-aborting stop", None),
            ("applied web=0 db=137 stopped ended", "say-aborting stop", Some(End::Exited(0))),
            ("applied web=4 db=137 ended stopped", "say-aborting stop", Some(End::Exited(4))),
            ("applied web=4 stopped", "say-aborting stop", None),
            // While the plan is carried out no further step begins; then everything is stopped.
            ("web=4", "say-aborting cancel", None),
            ("web=4 cancelled stopped ended", "say-aborting cancel stop", Some(End::Exited(4))),
            ("web=4 failed stopped ended", "say-aborting cancel stop", Some(End::Exited(4))),
            ("web=0 cancelled stopped ended", "say-aborting cancel stop", Some(End::Exited(0))),
            ("web=0 failed stopped ended", "say-aborting cancel stop", Some(End::NotApplied)),
        ],
    );
    let failure = Policy { abort_on: AbortOn::Failure, ..Policy::default() };
    rows(
        &failure,
        &[
            ("applied web=0 ended", "", Some(End::Exited(0))),
            ("applied web=0 db=2 stopped ended", "say-aborting stop", Some(End::Exited(2))),
        ],
    );
}

#[test]
fn the_code_may_be_that_of_one_service() {
    let from = |abort_on| Policy { abort_on, exit_code_from: Some("test".into()), ..Policy::default() };
    rows(
        &from(AbortOn::Exit),
        &[
            ("applied db=1 test=7 stopped ended", "say-aborting stop", Some(End::Exited(7))),
            ("applied test=0 db=137 stopped ended", "say-aborting stop", Some(End::Exited(0))),
            ("applied test=7 test=0 stopped ended", "say-aborting stop", Some(End::Exited(7))),
            ("applied db=3 stopped ended", "say-aborting stop", Some(End::Exited(3))),
        ],
    );
    rows(
        &from(AbortOn::Failure),
        &[("applied test=0 db=2 stopped ended", "say-aborting stop", Some(End::Exited(0)))],
    );
}

#[test]
fn signals_stop_then_kill_then_leave() {
    let script = Policy::default();
    rows(
        &script,
        &[
            ("applied signal", "say-stopping mute stop", None),
            ("applied signal stopped", "say-stopping mute stop", SIGNALLED),
            ("applied signal ended", "say-stopping mute stop", None),
            ("signal", "say-stopping mute cancel", None),
            ("signal failed", "say-stopping mute cancel stop", None),
            ("signal failed stopped", "say-stopping mute cancel stop", SIGNALLED),
            ("applied signal signal", "say-stopping mute stop mute force kill", None),
            ("applied signal signal stopped", "say-stopping mute stop mute force kill", SIGNALLED),
            ("signal signal failed stopped", "say-stopping mute cancel mute force kill", SIGNALLED),
            (
                "applied signal signal signal",
                "say-stopping mute stop mute force kill mute force kill",
                SIGNALLED,
            ),
        ],
    );
    let person = Policy { last_words: true, ..Policy::default() };
    rows(
        &person,
        &[
            ("applied signal ended stopped", "say-stopping stop", SIGNALLED),
            ("applied signal stopped", "say-stopping stop await", None),
            ("applied signal stopped ended", "say-stopping stop await", SIGNALLED),
            ("applied signal stopped time", "say-stopping stop await", SIGNALLED),
        ],
    );
    let exit = Policy { abort_on: AbortOn::Exit, ..Policy::default() };
    rows(
        &exit,
        &[
            ("applied web=0 signal stopped", "say-aborting stop say-stopping mute", SIGNALLED),
            (
                "applied web=0 signal signal stopped",
                "say-aborting stop say-stopping mute mute force kill",
                SIGNALLED,
            ),
        ],
    );
}

#[test]
fn without_a_reader_the_containers_go_on() {
    let none = Policy::default();
    let left = Some(End::Unread { awaited: false });
    rows(
        &none,
        &[
            ("applied unread", "", left),
            // What was begun is brought to its end first.
            ("unread", "mute", None),
            ("unread applied", "mute", left),
            ("unread failed", "mute", Some(End::NotApplied)),
            ("unread signal failed stopped", "mute say-stopping mute cancel stop", SIGNALLED),
            ("applied signal unread stopped", "say-stopping mute stop mute", SIGNALLED),
        ],
    );
    let exit = Policy { abort_on: AbortOn::Exit, ..Policy::default() };
    rows(
        &exit,
        &[
            ("applied unread", "", Some(End::Unread { awaited: true })),
            ("applied web=3 unread stopped ended", "say-aborting stop mute", Some(End::Exited(3))),
        ],
    );
}
