//! What a failed step held up, and where the file says so.

use super::report::{Failure, Held, Link, Outcome};
use super::step::Failed;
use crate::diag::Span;
use crate::event::SubjectKind;
use crate::plan::{Action, Op, Plan, Step, StepId};

impl Failure {
    /// A failed step; what it held up is only known in the end.
    pub(super) fn new(plan: &Plan, step: &Step, failed: Failed, dependents: &[StepId]) -> Failure {
        let facts = step.op.facts();
        let mut dependents = dependents.iter().map(|id| &plan.steps[id.0].op);
        let direct = || dependents.find_map(|op| op.facts().service.filter(|_| concerns(&step.op, op)));
        Failure {
            step: step.id,
            subject: step.op.subject(),
            service: facts.service.or_else(direct).cloned(),
            span: place(plan, step),
            error: failed.error,
            evidence: failed.evidence,
            chain: Vec::new(),
            held: Vec::new(),
        }
    }
}

/// Whether a failed operation is to blame for another that came after it. Everything waits for images;
/// only the containers made from one are its own.
fn concerns(failed: &Op, other: &Op) -> bool {
    match (failed, other) {
        (Op::PullImage { reference, .. }, Op::CreateContainer { spec, .. }) => spec.image == *reference,
        (Op::PullImage { .. }, _) => false,
        _ => true,
    }
}

/// Where the file asks for a step; for one on a container of this plan, where it asks for the container.
fn place(plan: &Plan, step: &Step) -> Span {
    let Some(service) = step.op.facts().service.filter(|_| !step.span.is_some()) else { return step.span };
    let makes = |other: &&Step| {
        matches!(other.op, Op::CreateContainer { .. }) && other.op.facts().service == Some(service)
    };
    plan.steps.iter().find(makes).map_or(step.span, |other| other.span)
}

/// Tells the failures whom they held up.
pub(super) fn complete(plan: &Plan, mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
    if !outcomes.iter().any(|outcome| matches!(outcome, Outcome::Failed(_))) {
        return outcomes;
    }
    let because = |id: StepId| match &outcomes[id.0] {
        Outcome::Failed(_) => Some(id),
        Outcome::Skipped { because } => Some(*because),
        _ => None,
    };
    let mut chains: Vec<Vec<Link>> = vec![Vec::new(); plan.steps.len()];
    let mut skipped: Vec<Vec<&Step>> = vec![Vec::new(); plan.steps.len()];
    for step in plan.steps.iter().filter(|step| step.op.writes()) {
        let (Some(root), Some(waiter)) = (because(step.id), step.op.facts().service) else { continue };
        if root == step.id {
            continue;
        }
        skipped[root.0].push(step);
        for before in step.after.iter().filter(|before| because(**before) == Some(root)) {
            let before = &plan.steps[before.0];
            if let Some(on) = before.op.facts().service.filter(|on| *on != waiter) {
                let said = match &step.op {
                    Op::StartContainer { comes_after, .. } => {
                        comes_after.iter().find(|(service, _)| service == on).map(|(_, span)| *span)
                    }
                    _ => None,
                };
                let span = said.unwrap_or(if before.op.writes() { place(plan, step) } else { before.span });
                let link = Link { waiter: waiter.clone(), on: on.clone(), span };
                if !chains[root.0].iter().any(|l| l.waiter == link.waiter && l.on == link.on) {
                    chains[root.0].push(link);
                }
            }
        }
    }
    let found = outcomes.iter_mut().zip(chains).zip(skipped);
    for ((outcome, chain), skipped) in found {
        if let Outcome::Failed(failure) = outcome {
            failure.held = held(failure, &plan.steps[failure.step.0], &chain, &skipped);
            failure.chain = chain;
        }
    }
    outcomes
}

/// The services for which steps were left out, each once, and what was not done to them.
fn held(failure: &Failure, failed: &Step, chain: &[Link], skipped: &[&Step]) -> Vec<Held> {
    // A failure of a container or a service names its own service already.
    let named = match failure.subject.kind {
        SubjectKind::Container | SubjectKind::Service => failure.service.as_ref(),
        SubjectKind::Network | SubjectKind::Volume | SubjectKind::Image => None,
    };
    let mut held: Vec<Held> = Vec::new();
    for step in skipped {
        let facts = step.op.facts();
        let Some(service) = facts.service.filter(|service| Some(*service) != named) else { continue };
        let direct =
            skipped.iter().any(|s| s.op.facts().service == Some(service) && concerns(&failed.op, &s.op));
        if !direct && !chain.iter().any(|link| link.waiter == *service) {
            continue;
        }
        let stopped = || {
            skipped.iter().any(|other| {
                let other = other.op.facts();
                other.action == Action::Stop && other.container == facts.container
            })
        };
        // What was wanted in the end: the last of its steps says it.
        let verb = match facts.action {
            _ if step.group.is_some() => "recreated",
            Action::Start if stopped() => "restarted",
            _ => facts.verb,
        };
        match held.iter_mut().find(|one| one.service == *service) {
            Some(one) => one.verb = verb,
            None => held.push(Held { service: service.clone(), verb }),
        }
    }
    held
}
