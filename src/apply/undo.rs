//! Takes back what a failure or a cancellation left half made.
//!
//! A replacement that was not finished ends with the old container running and the new one gone; once the
//! old one is gone, the new one gets its name. What shares namespaces goes one way or the other together.
//! A new container that was never put to use goes again, so that the next run makes it afresh; networks
//! and volumes stay, and a network without the one that was to take its place is made again as it was.
//! Containers that were stopped only to make room, or to come back after something that failed, are
//! started again.

mod decide;

use std::collections::HashMap;

use futures_util::future::join_all;

use super::report::Report;
use super::step::{Run, create_network, remove_container};
use crate::event::{Event, Status, Subject};
use crate::plan::Plan;
use decide::Undo;

pub(super) async fn undo(run: &Run<'_>, plan: &Plan, report: &mut Report) {
    let mut undo = Undo { run, plan, outcomes: &report.outcomes, remade: HashMap::new() };
    let replacements = undo.unfinished_replacements();
    let mut discards = undo.unused_containers();
    discards.extend(replacements.iter().filter_map(|one| undo.replacement_to_discard(one)));
    let (mut discarded, mut restored, mut leftovers) = (Vec::new(), Vec::new(), Vec::new());
    let removals = discards.iter().map(|discard| async {
        if discard.told {
            run.events.status(Subject::container(&discard.name), Status::Removing);
        }
        remove_container(run.engine, &discard.id, discard.volumes).await
    });
    for (discard, answer) in discards.iter().zip(join_all(removals).await) {
        match answer {
            Ok(()) => {
                if discard.told {
                    run.events.status(Subject::container(&discard.name), Status::Removed);
                }
                // By its temporary name nobody knows it.
                discarded.push(if discard.told {
                    discard.name.clone()
                } else {
                    format!("the new {}", discard.name)
                });
            }
            Err(error) => {
                run.events.detailed(Subject::container(&discard.name), Status::Error, error.to_string());
                leftovers.push((discard.name.clone(), error));
            }
        }
    }
    for (old, definition) in undo.to_remake() {
        let subject = Subject::network(&definition.name);
        run.events.send(Event::detailed(subject.clone(), Status::Creating, "put back"));
        match create_network(run.engine, definition).await {
            Ok(id) => {
                run.events.send(Event::detailed(subject, Status::Created, "put back"));
                undo.remade.insert(old, id);
            }
            Err(error) => {
                run.events.detailed(subject, Status::Error, format!("cannot be put back: {error}"));
                leftovers.push((definition.name.clone(), error));
            }
        }
    }
    // In the order of the plan: dependencies first.
    for restore in undo.to_restore(&replacements) {
        let subject = Subject::container(&restore.name);
        run.events.send(Event::detailed(subject.clone(), Status::Starting, "put back"));
        let mut answer = Ok(());
        for (network, endpoint) in &restore.connect {
            if answer.is_ok() {
                answer = run.engine.connect(network, &restore.id, endpoint).await;
            }
        }
        if answer.is_ok() {
            answer = run.engine.start_container(&restore.id).await;
        }
        match answer {
            Ok(()) => {
                run.events.send(Event::detailed(subject, Status::Started, "put back"));
                restored.push(restore.name);
            }
            Err(_) if restore.failed_before => {}
            Err(error) => {
                run.events.detailed(subject, Status::Error, format!("cannot be put back: {error}"));
                leftovers.push((restore.name, error));
            }
        }
    }
    // The name that one gets may be that of another's old container.
    let mut finishes = Vec::new();
    for finish in undo.to_finish().into_iter().chain(undo.to_rename()) {
        let removed = match finish.old {
            Some(old) => remove_container(run.engine, old, false).await,
            None => Ok(()),
        };
        finishes.push((finish, removed));
    }
    for (finish, removed) in finishes {
        let answer = match (removed, finish.rename) {
            (Ok(()), Some((id, name))) => run.engine.rename_container(&id, name).await,
            (removed, _) => removed,
        };
        if let Err(error) = answer {
            let subject = Subject::container(finish.name);
            run.events.detailed(subject, Status::Error, format!("cannot be finished: {error}"));
            leftovers.push((finish.name.to_owned(), error));
        }
    }
    report.discarded = discarded;
    report.restored = restored;
    report.leftovers = leftovers;
}
