//! Attached `up`: progress and output together, until the containers end or a signal comes.

mod cascade;
mod screen;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::lifecycle::{Done, finish};
use super::shape::Prepared;
use super::up::Up;
use crate::app::attach::{self, Attachments, Collector};
use crate::app::converge::{self, ConvergeError, Converged, Way};
use crate::app::request;
use crate::app::{CancelStage, Canceller, Desired, Session, cancellation};
use crate::base::ServiceName;
use crate::cli::exit;
use crate::cli::front::{Asker, Front, seconds};
use crate::cli::signals;
use crate::diag::SourceMap;
use crate::event::Event;
use crate::plan::{self, Intent};
use crate::ui::logs::LogLook;
use crate::ui::terminal;
use cascade::Cascade;
use screen::Screen;

/// Lines that may wait for the terminal.
const BUFFERED_LINES: usize = 1024;
/// That a container has ended may be heard a moment after its stop.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How often the live block is drawn again.
const FRAME: Duration = Duration::from_millis(100);

type Stopping<'a> = Pin<Box<dyn Future<Output = Result<Converged, ConvergeError>> + 'a>>;

/// How it ended.
enum End {
    /// The run failed or was cancelled: its outcome tells.
    Run(Box<Result<Done, ConvergeError>>),
    /// Everything that was watched ended; the exit code.
    Over(u8),
    /// A signal stopped it.
    Signalled,
}

/// Runs `up` and shows the output of its containers.
pub(super) fn run(front: &Front, up: &Up, prepared: Prepared) -> u8 {
    let Prepared { desired, sources, intent, ignore_orphans } = prepared;
    if let Some(name) = &up.exit_code_from
        && !desired.services.contains_key(name.as_str())
    {
        return front.refuse(request::no_such_service(&desired, name));
    }
    let services = match attach_set(up, &desired, &intent) {
        Ok(services) => services,
        Err(text) => return front.fail(text),
    };
    let texts = sources.clone();
    let outcome = front.run_with(async |session, events, canceller| {
        let (attachments, collector) =
            attach::attach(&session, &desired.project, services.clone(), up.timestamps).await?;
        let look = LogLook {
            colours: front.colours_out() && !up.no_color,
            no_prefix: up.no_log_prefix,
            split_streams: true,
        };
        let screen = Screen::new(front.progress(), look);
        let names = attach::wanted_names(&desired, services.as_ref());
        let attached = Attached { front, up, desired, ignore_orphans, session, canceller };
        Ok::<_, ConvergeError>(
            attached.follow(screen, names, intent, sources, attachments, collector, events).await,
        )
    });
    match outcome {
        Ok(Ok(End::Run(result))) => finish(front, Ok(*result), &texts),
        Ok(Ok(End::Over(code))) => code,
        Ok(Ok(End::Signalled)) => exit::CANCELLED,
        Ok(Err(error)) => front.fail(error.to_string()),
        Err(text) => front.fail(text),
    }
}

/// Services whose output is shown; `None` for all.
fn attach_set(
    up: &Up,
    desired: &Desired,
    intent: &plan::Up,
) -> Result<Option<BTreeSet<ServiceName>>, String> {
    let named = |names: &[String]| -> Result<BTreeSet<ServiceName>, String> {
        let unknown: Vec<&str> =
            names.iter().map(String::as_str).filter(|name| !desired.services.contains_key(*name)).collect();
        if !unknown.is_empty() {
            return Err(format!("cannot attach to services not included in up: {}", unknown.join(", ")));
        }
        Ok(names.iter().map(|name| ServiceName::from(name.as_str())).collect())
    };
    let mut set = if !up.attach.is_empty() {
        named(&up.attach)?
    } else {
        let targeted = |name: &ServiceName| {
            up.attach_dependencies || intent.targets.is_empty() || intent.targets.contains(name)
        };
        let shown = desired.services.values().filter(|service| service.attach && targeted(&service.name));
        shown.map(|service| service.name.clone()).collect()
    };
    for name in named(&up.no_attach)? {
        set.remove(&name);
    }
    // An empty set means everything, as with the reference.
    Ok((!set.is_empty() && set.len() < desired.services.len()).then_some(set))
}

struct Attached<'a> {
    front: &'a Front,
    up: &'a Up,
    desired: Desired,
    ignore_orphans: bool,
    session: Session,
    canceller: Canceller,
}

impl Attached<'_> {
    #[expect(clippy::too_many_arguments, reason = "one loop owns all that happens at once")]
    async fn follow(
        self,
        mut screen: Screen,
        names: Vec<String>,
        intent: plan::Up,
        sources: SourceMap,
        attachments: Attachments,
        collector: Collector,
        mut events: mpsc::UnboundedReceiver<Event>,
    ) -> End {
        let (sender, mut lines) = mpsc::channel(BUFFERED_LINES);
        screen.announce(&names);
        let consent = Asker { yes: self.up.yes || self.up.old_yes };
        let (signals, mut signalled) = mpsc::unbounded_channel();
        let (pulse, _) = cancellation();
        let mut hearing = pin!(signals::listen(pulse, move |count| {
            let _ = signals.send(count);
        }));
        let session = self.session.clone();
        let project = self.desired.clone();
        let mut making = pin!(async move {
            session.events.send(Event::Began { operation: "up" });
            let way = Way {
                before_start: &attachments,
                consent: &consent,
                wait_timeout: None,
                quiet_pull: self.up.quiet_pull,
            };
            let done = converge::converge(&session, project, Intent::Up(intent), &way).await;
            session.events.send(Event::Ended { operation: "up" });
            done
        });
        let mut collecting = pin!(collector.run(sender));
        let mut tick = interval(FRAME);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let (mut made, mut collected, mut listening) = (false, false, true);
        let mut stopping: Option<Stopping<'_>> = None;
        let mut stop_wanted = false;
        let mut quiet = false;
        let mut interrupted = false;
        let mut cascade = Cascade::new(self.up);
        loop {
            if stop_wanted && made && stopping.is_none() {
                stopping = Some(self.stop(seconds(self.up.shape.timeout)));
                stop_wanted = false;
            }
            if collected && made && !listening && stopping.is_none() {
                break;
            }
            tokio::select! {
                biased;
                () = &mut hearing => {}
                Some(count) = signalled.recv() => {
                    interrupted = true;
                    // Who sits there sees how the containers end; a script has its output cut off at once.
                    quiet = count > 1 || !terminal::stdout_is_terminal();
                    if count == 1 {
                        screen.clear();
                        self.front.info("Gracefully Stopping... press Ctrl+C again to force");
                        self.canceller.cancel(CancelStage::Graceful);
                        stop_wanted = true;
                    } else {
                        self.canceller.cancel(CancelStage::Forced);
                        stopping = Some(self.stop(Some(Duration::ZERO)));
                    }
                }
                Some(event) = events.recv() => screen.event(&event),
                done = &mut making, if !made => {
                    made = true;
                    screen.finish(&mut events);
                    match self.judge(done, &sources) {
                        Some(end) if !interrupted => return end,
                        _ => {}
                    }
                }
                Some(event) = lines.recv(), if listening => {
                    if !quiet {
                        let cascade = &mut cascade;
                        screen.lines(event, &mut lines, |event| stop_wanted |= cascade.sees(event));
                        if stop_wanted && !interrupted {
                            self.front.info("Aborting on container exit...");
                        }
                    }
                }
                _ = &mut collecting, if !collected => {
                    collected = true;
                    // What is still in the channel is shown before the end.
                    while let Ok(event) = lines.try_recv() {
                        if !quiet {
                            let cascade = &mut cascade;
                            screen.lines(event, &mut lines, |event| { cascade.sees(event); });
                        }
                    }
                    listening = false;
                }
                _ = async { match &mut stopping { Some(stop) => { let _ = stop.await; }, None => std::future::pending().await } } => {
                    stopping = None;
                    screen.finish(&mut events);
                    if interrupted {
                        if !quiet && !collected {
                            let _ = tokio::time::timeout(LAST_WORDS, &mut collecting).await;
                        }
                        while let Ok(event) = lines.try_recv() {
                            if !quiet {
                                screen.lines(event, &mut lines, |_| ());
                            }
                        }
                        return End::Signalled;
                    }
                }
                _ = tick.tick() => screen.tick(),
            }
        }
        if interrupted { End::Signalled } else { End::Over(cascade.code()) }
    }

    /// Whether the run ends everything: it failed, or nothing could be planned.
    fn judge(&self, done: Result<Converged, ConvergeError>, sources: &SourceMap) -> Option<End> {
        match done {
            Err(error) => Some(End::Run(Box::new(Err(error)))),
            Ok(done) if done.report.exit_code() != 0 => {
                let done = Done { plan: done.plan, report: Some(done.report), sources: sources.clone() };
                Some(End::Run(Box::new(Ok(done))))
            }
            Ok(done) => {
                for warning in &done.plan.warnings {
                    if !(self.ignore_orphans && warning.starts_with("Found orphan")) {
                        self.front.warn(warning);
                    }
                }
                None
            }
        }
    }

    fn stop(&self, timeout: Option<Duration>) -> Stopping<'_> {
        // Its own cancellation: the one of the run has been used up.
        let (_, cancel) = cancellation();
        let session = Session { cancel, ..self.session.clone() };
        let desired = self.desired.clone();
        Box::pin(async move {
            session.events.send(Event::Began { operation: "stop" });
            attach::stop(&session, desired, timeout).await
        })
    }
}
