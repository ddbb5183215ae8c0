//! Attached `up`: arguments become a request, and what happens is drawn.

mod screen;

use tokio::sync::mpsc;

use super::lifecycle::{Done, finish};
use super::shape::Prepared;
use super::up::Up;
use crate::app::attach::phase::{AbortOn, End, Policy};
use crate::app::attach::run::{self, Finished, Request};
use crate::app::attach::selection::{Selection, Wanted};
use crate::app::request;
use crate::base::ServiceName;
use crate::cli::exit;
use crate::cli::front::{Asker, Front};
use crate::cli::signals::{self, Go};
use crate::ui::logs::LogLook;
use crate::ui::terminal;
use screen::Drawing;

/// Runs `up` and shows the output of its containers.
pub(super) fn run(front: &Front, up: &Up, prepared: Prepared) -> u8 {
    let Prepared { desired, sources, intent } = prepared;
    if let Some(name) = &up.exit_code_from
        && !desired.services.contains_key(name.as_str())
    {
        return front.refuse(request::no_such_service(&desired, name));
    }
    let mut taking_part = desired.clone();
    taking_part.services.retain(|name, _| !intent.bystanders.contains(name));
    let selection = match Selection::new(&taking_part, &intent.targets, &wanted(up)) {
        Ok(selection) => selection,
        Err(error) => return front.fail(error.to_string()),
    };
    let request = Request {
        desired,
        intent,
        selection,
        policy: policy(up),
        timestamps: up.timestamps,
        quiet_pull: up.quiet_pull,
    };
    let look = LogLook {
        colours: front.colours_out() && !up.no_color,
        no_prefix: up.no_log_prefix,
        split_streams: true,
    };
    let consent = Asker { yes: up.yes || up.old_yes };
    let outcome = front.run_with(async |session, events, canceller| {
        let mut drawing = Drawing::new(front, look, &sources);
        let (sender, signalled) = mpsc::unbounded_channel();
        // What a signal means is decided by the run.
        let hearing = signals::listen(move |_| match sender.send(()) {
            Ok(()) => Go::On,
            Err(_) => Go::Leave,
        });
        let running = run::run(session, request, &consent, &canceller, &mut drawing, events, signalled);
        tokio::select! {
            biased;
            // First, so that a signal is heard from the first words on.
            () = hearing => std::future::pending().await,
            finished = running => finished,
        }
    });
    match outcome {
        Ok(Ok(Finished::Ended(End::Exited(code)))) => u8::try_from(code).unwrap_or(exit::ERROR),
        Ok(Ok(Finished::Ended(End::Signalled))) => exit::CANCELLED,
        Ok(Ok(Finished::Ended(End::Unread { awaited: false }))) => exit::OK,
        Ok(Ok(Finished::Ended(End::Unread { awaited: true }))) => front.fail(
            "nobody reads the output any more: the containers go on, and the exit code is not known yet",
        ),
        // The run of the plan that failed is reported as `Finished::NotApplied`.
        Ok(Ok(Finished::Ended(End::NotApplied))) => exit::ERROR,
        Ok(Ok(Finished::NotApplied(result))) => {
            let texts = sources.clone();
            let done = (*result).map(|done| Done { plan: done.plan, report: Some(done.report), sources });
            finish(front, Ok(done), &texts)
        }
        Ok(Ok(Finished::Unwritable(error))) => front.printed(Err(error), exit::ERROR),
        Ok(Err(error)) => front.fail_engine(&error),
        Err(failed) => front.failed(&failed),
    }
}

fn wanted(up: &Up) -> Wanted {
    Wanted { only: up.attach.clone(), except: up.no_attach.clone(), dependencies: up.attach_dependencies }
}

fn policy(up: &Up) -> Policy {
    Policy {
        abort_on: match () {
            () if up.abort_on_container_failure => AbortOn::Failure,
            () if up.abort_on_container_exit || up.exit_code_from.is_some() => AbortOn::Exit,
            () => AbortOn::Never,
        },
        exit_code_from: up.exit_code_from.as_deref().map(ServiceName::from),
        last_words: terminal::stdout_is_terminal(),
    }
}
