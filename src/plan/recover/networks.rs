//! Networks that come back, and containers that come back onto theirs.

use super::{Ending, Recover, Restore};
use crate::base::NetworkId;
use crate::plan::{Op, Reason, Ref, Replacement, StepId, Target};
use crate::spec::EndpointSpec;

impl<'a> Recover<'a> {
    /// Networks that are gone while those in their place were not made come back as they were.
    pub(super) fn remake_networks(&mut self) {
        for (removal, successor) in &self.plan.successors {
            let Op::RemoveNetwork { id, .. } = &self.plan.steps[removal.0].op else { continue };
            let definition = self.traces.get(removal.0).and_then(|trace| trace.removed.as_ref());
            let made = self.traces.get(successor.0).is_some_and(|trace| trace.made.is_some());
            if let Some(definition) = definition
                && self.ending(*removal) != Ending::NotRun
                && !made
                && !self.is_there(id)
            {
                let op = Op::CreateNetwork(Box::new(definition.clone()));
                let step = self.step(op, Vec::new(), Vec::new(), Reason::PutBack);
                self.remade.insert(id.clone(), step);
            }
        }
    }

    /// What puts a container on the networks it was taken off, each with the step of the recovery that makes
    /// the network; the name of a network that is gone for good, if one is: then it is better stopped than
    /// without its network.
    pub(super) fn connections(&self, one: &Restore<'_>) -> Result<Vec<(Op, Option<StepId>)>, String> {
        let mut found = Vec::new();
        for step in &self.plan.steps {
            let Op::DisconnectNetwork { network, network_name, container } = &step.op else { continue };
            if container.id != one.target.id || !self.done(step.id) {
                continue;
            }
            let onto = self.plan.moves.iter().find(|(off, _)| *off == step.id).map(|(_, onto)| *onto);
            let endpoint = match onto.map(|onto| &self.plan.steps[onto.0].op) {
                Some(Op::ConnectNetwork { endpoint, .. }) => Some((**endpoint).clone()),
                _ => None,
            };
            let moved = onto.is_some_and(|onto| self.done(onto));
            let failed = one.start.is_some_and(|start| self.ending(start) == Ending::Failed);
            let kept = self.network_stays(network);
            // It can't run where it is now: back to where it ran.
            if moved && !(failed && one.replacement.is_none() && kept) {
                continue;
            }
            if moved
                && let Some(Op::ConnectNetwork { network: Ref::Planned(made), network_name, .. }) =
                    onto.map(|onto| &self.plan.steps[onto.0].op)
                && let Some(network) = self.made(*made)
            {
                let network = NetworkId::from(network.as_str());
                let (network_name, container) = (network_name.clone(), one.target.clone());
                found.push((Op::DisconnectNetwork { network, network_name, container }, None));
            }
            let (target, name, made) = match self.remade.get(network) {
                Some(again) => (Ref::Planned(*again), network_name.as_str(), Some(*again)),
                None if kept => (Ref::Existing(network.clone()), network_name.as_str(), None),
                None => {
                    let (id, name) = self.in_place_of(network_name).ok_or_else(|| network_name.clone())?;
                    (Ref::Existing(id), name, None)
                }
            };
            let endpoint = endpoint
                .or_else(|| one.replacement.and_then(|one| self.endpoint_on(one, name)))
                .unwrap_or_else(|| plain_endpoint(container));
            let endpoint = EndpointSpec { network: name.to_owned(), ..endpoint };
            let op = Op::ConnectNetwork {
                network: target,
                network_name: name.to_owned(),
                container: one.target.clone(),
                endpoint: Box::new(endpoint),
            };
            found.push((op, made));
        }
        Ok(found)
    }

    /// Whether a network was not removed.
    fn network_stays(&self, network: &NetworkId) -> bool {
        let removal = self.plan.steps.iter().find(|step| {
            matches!(&step.op, Op::RemoveNetwork { id, .. } if id == network)
                && self.ending(step.id) != Ending::NotRun
        });
        removal.is_none() || self.is_there(network)
    }

    /// The network this run made in place of that one, and its name.
    fn in_place_of(&self, name: &str) -> Option<(NetworkId, &'a str)> {
        self.plan.steps.iter().find_map(|step| match (&step.op, &step.reason) {
            (Op::CreateNetwork(spec), reason)
                if spec.name == name || matches!(reason, Reason::Renamed { from, .. } if from == name) =>
            {
                let id = self.made(step.id)?;
                Some((NetworkId::from(id.as_str()), spec.name.as_str()))
            }
            _ => None,
        })
    }

    fn endpoint_on(&self, one: &Replacement, network: &str) -> Option<EndpointSpec> {
        let Ref::Planned(created) = one.new else { return None };
        match &self.plan.steps[created.0].op {
            Op::CreateContainer { spec, .. } => {
                spec.network.endpoints.iter().find(|endpoint| endpoint.network == network).cloned()
            }
            _ => None,
        }
    }
}

/// The names a container answers to when the file says nothing about its endpoint.
fn plain_endpoint(container: &Target) -> EndpointSpec {
    let service = container.service.as_ref().map(ToString::to_string);
    EndpointSpec {
        aliases: std::iter::once(container.name.clone()).chain(service).collect(),
        ..EndpointSpec::default()
    }
}
