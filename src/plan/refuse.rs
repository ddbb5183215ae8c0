//! What can't be, and is refused before anything is touched.

use super::builder::Builder;
use super::verdict::wanted_scale;
use super::{PlanError, Up, Warning};
use crate::spec::{Namespace, ServiceSpec, labels};

impl Builder<'_> {
    /// Refuses what the engine would only refuse half way.
    pub(super) fn refuse_impossible(&mut self, up: &Up) {
        for name in self.order.clone() {
            let Some(service) = self.service(&name) else { continue };
            if service.provider || up.bystanders.contains(&name) {
                continue;
            }
            let (scale, _) = wanted_scale(up, service);
            if scale > 0 {
                self.refuse_nothing_shared(up, service);
            }
            if scale > 1 {
                self.refuse_one_name(service, scale);
            }
            if scale > 1 && !up.no_start {
                self.refuse_one_port(service, scale);
            }
        }
    }

    /// One name for several containers.
    fn refuse_one_name(&mut self, service: &ServiceSpec, scale: u32) {
        if let Some(name) = service.container_name.clone() {
            let (span, service) = (service.span, service.name.clone());
            self.refusals.push(PlanError::NamedAndScaled { service, name, scale, span });
        }
    }

    /// One port of the host for several containers. Of a range, each gets its own.
    fn refuse_one_port(&mut self, service: &ServiceSpec, scale: u32) {
        // Elsewhere than on a network of its own, a container publishes nothing.
        if let Some(Namespace::Service(_)) = &service.container.network.mode {
            return;
        }
        if matches!(&service.container.network.mode, Some(Namespace::Mode(mode)) if mode == "host" || mode == "none")
        {
            return;
        }
        let ports = service.container.port_bindings.iter().enumerate();
        let one = ports.filter_map(|(at, port)| Some((at, port.host_port.parse::<u16>().ok()?)));
        if let Some((at, port)) = one.filter(|(_, port)| *port > 0).min() {
            let span = service.place(&format!("ports[{at}]"));
            self.refusals.push(PlanError::PortScaled { service: service.name.clone(), port, scale, span });
        }
    }

    /// A service that shares with one which is to have no containers.
    fn refuse_nothing_shared(&mut self, up: &Up, service: &ServiceSpec) {
        for of in service.shared_services() {
            let Some(shared) = self.service(of).filter(|shared| !shared.provider) else { continue };
            if wanted_scale(up, shared).0 == 0 {
                let (service, of, span) = (service.name.clone(), of.clone(), service.span);
                self.refusals.push(PlanError::SharedScaledToZero { service, of, span });
            }
        }
    }

    /// Says where it can't be told whether containers match their definition.
    pub(super) fn warn_not_compared(&mut self) {
        for name in self.order.clone() {
            let Some(service) = self.service(&name) else { continue };
            let Some(key) = service.not_compared() else { continue };
            let hash = service.config_hash(&|name| self.existing.first_container(name));
            let kept = self.existing.of_service(&name).into_iter().filter(|container| {
                self.kept.contains(&container.id)
                    && container.label(labels::CONFIG_HASH) != Some(hash.as_str())
            });
            let containers: Vec<String> = kept.map(|container| container.name.clone()).collect();
            if !containers.is_empty() {
                let span = service.place(key);
                self.plan.warnings.push(Warning::NotCompared { service: name, key, containers, span });
            }
        }
    }
}
