//! From the typed project to what should exist.
//!
//! In: a selected, checked project and a few facts of the run ([`Context`]). Out: [`Desired`] and
//! findings: what is understood but not carried to the engine, and what the engine could not take.

mod mounts;
mod network;
mod options;
mod refused;
mod resources;

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use super::{
    Condition, ContainerSpec, Dependency, Desired, ExposedPort, HealthSpec, HookSpec, PortBinding,
    PullPolicy, ServiceSpec, VolumeSpec, labels,
};
use crate::base::{ProjectName, ServiceName};
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Span};
use crate::model::{self, Project, Service};
use crate::yaml::PathRef;

/// Facts of the run that the project doesn't hold.
pub struct Context<'a> {
    /// Compose files as labels name them: absolute paths, `-` for standard input.
    pub config_files: &'a [String],
    /// Absolute paths given with `--env-file`.
    pub env_files: &'a [String],
    /// `-`, or `_` in compatibility mode.
    pub separator: char,
    /// `DOCKER_DEFAULT_PLATFORM`.
    pub default_platform: Option<&'a str>,
    /// Proxy variables of the client's configuration; the service's own win.
    pub proxy: &'a IndexMap<String, String>,
    /// Whether containers are made without being started: what only a start needs may be missing then.
    pub no_start: bool,
    /// Reads a file a service names (a seccomp profile).
    pub read: &'a dyn Fn(&Path) -> std::io::Result<Vec<u8>>,
    /// The variables in what is written at a place that are blank because nobody sets them.
    pub unset: &'a dyn Fn(Span) -> Vec<String>,
    /// How bad it is that a file, which the engine is to mount, isn't there; `None` when it is there.
    pub absence: &'a dyn Fn(&Path) -> Option<Severity>,
}

/// Makes the desired objects of a project.
pub fn lower(project: &Project, context: &Context<'_>) -> (Desired, Diagnostics) {
    let mut lowering = Lowering { project, context, diags: Diagnostics::new() };
    let services =
        project.services.values().map(|service| (service.name.clone(), lowering.service(service))).collect();
    lowering.scheduled_jobs();
    lowering.names();
    let networks =
        project.networks.iter().map(|(key, network)| (key.clone(), lowering.network(key, network))).collect();
    let volumes =
        project.volumes.iter().map(|(key, volume)| (key.clone(), lowering.volume(key, volume))).collect();
    let desired = Desired {
        project: ProjectName::from(project.name.as_str()),
        services,
        others: project.disabled_services.keys().cloned().collect(),
        profiles: project
            .disabled_services
            .values()
            .filter(|service| !service.profiles.is_empty())
            .map(|service| (service.name.clone(), service.profiles.clone()))
            .collect(),
        jobs: project.jobs.keys().chain(project.disabled_jobs.keys()).cloned().collect(),
        networks,
        volumes,
        separator: context.separator,
    };
    (desired, lowering.diags)
}

pub(super) struct Lowering<'a> {
    pub project: &'a Project,
    pub context: &'a Context<'a>,
    pub diags: Diagnostics,
}

impl Lowering<'_> {
    fn service(&mut self, service: &Service) -> ServiceSpec {
        self.not_carried(service);
        self.refused(service);
        let spec = self.container(service);
        let mut depends_on: Vec<Dependency> = service
            .workload
            .depends_on
            .iter()
            .map(|(name, dependency)| Dependency {
                service: ServiceName::from(name.as_str()),
                condition: match dependency.condition {
                    model::DependsCondition::Started => Condition::Started,
                    model::DependsCondition::Healthy => Condition::Healthy,
                    model::DependsCondition::CompletedSuccessfully => Condition::CompletedSuccessfully,
                },
                restart: dependency.restart,
                required: dependency.required,
                span: service.origins.key(PathRef::Root.key("depends_on").key(name)),
            })
            .collect();
        // Maps of the file have no order, and a plan has always the same.
        depends_on.sort_by(|a, b| a.service.cmp(&b.service));
        ServiceSpec {
            name: service.name.clone(),
            scale: u32::try_from(service.replicas()).unwrap_or(0),
            container_name: service.container_name.clone(),
            container: spec,
            source: Arc::new(service.clone()),
            depends_on,
            pull_policy: match service.container.pull_policy() {
                None | Some(model::PullPolicy::Missing) => PullPolicy::Missing,
                Some(model::PullPolicy::Always) => PullPolicy::Always,
                Some(model::PullPolicy::Never) => PullPolicy::Never,
                Some(model::PullPolicy::Build) => PullPolicy::Build,
                Some(model::PullPolicy::Refresh(period)) => PullPolicy::Refresh(period.0 / 1_000_000_000),
            },
            has_build: service.workload.build.is_some(),
            provider: service.provider.is_some(),
            attach: service.attach.unwrap_or(true),
            post_start: service.post_start.iter().map(hook).collect(),
            pre_stop: service.pre_stop.iter().map(hook).collect(),
            span: service.origins.span(),
        }
    }

    /// A finding about what a start needs. Without a start it is a warning.
    pub(super) fn report_for_start(
        &mut self,
        service: &Service,
        path: PathRef<'_>,
        message: String,
        help: &str,
    ) {
        let mut found = Diagnostic::new(Code::ResourceSource, service.origins.value(path), message)
            .at(service.origins.full(path))
            .help(help);
        if self.context.no_start {
            found.severity = Severity::Warning;
        }
        self.diags.push(found);
    }

    /// A finding about a key of a service.
    pub(super) fn report(
        &mut self,
        service: &Service,
        code: Code,
        path: PathRef<'_>,
        message: String,
        help: &str,
    ) {
        let mut found =
            Diagnostic::new(code, service.origins.value(path), message).at(service.origins.full(path));
        if !help.is_empty() {
            found = found.help(help);
        }
        self.diags.push(found);
    }

    /// Keys that are understood and not carried to the engine.
    fn not_carried(&mut self, service: &Service) {
        let container = &service.container;
        let keys = [
            ("build", service.workload.build.is_some(), "build the images first"),
            ("develop", service.develop.is_some(), "nothing is watched"),
            ("models", !container.models.is_empty(), "no model is provided"),
            ("provider", service.provider.is_some(), "the provider program is not run"),
            ("pre_start", !service.pre_start.is_empty(), "the containers before the start are not run"),
            ("use_api_socket", container.use_api_socket, "the engine's socket is not mounted"),
            ("credential_spec", container.credential_spec.is_some(), "it applies to Windows containers only"),
        ];
        for (key, present, effect) in keys {
            if present {
                let name = &service.name;
                let found = Diagnostic::new(
                    Code::NotCarried,
                    service.origins.key(PathRef::Root.key(key)),
                    format!("service \"{name}\": `{key}` is not supported yet: {effect}"),
                )
                .at(service.origins.full(PathRef::Root.key(key)));
                self.diags.push(found);
            }
        }
    }

    /// Jobs that are to run by the clock. Those run by hand are no matter of bringing a project up.
    fn scheduled_jobs(&mut self) {
        for (name, job) in &self.project.jobs {
            if !job.triggers.schedule.is_empty() {
                let triggers = PathRef::Root.key("triggers");
                let path = triggers.key("schedule");
                let found = Diagnostic::new(
                    Code::NotCarried,
                    job.origins.key(path),
                    format!("job \"{name}\": scheduled jobs are not supported yet: it never runs"),
                );
                self.diags.push(found.at(job.origins.full(path)));
            }
        }
    }

    fn container(&mut self, service: &Service) -> ContainerSpec {
        let container = &service.container;
        let workload = &service.workload;
        let mut environment: IndexMap<String, Option<String>> =
            self.context.proxy.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
        for (key, value) in &container.environment {
            environment.insert(key.clone(), value.clone());
        }
        let platform =
            container.platform.clone().or_else(|| self.context.default_platform.map(str::to_owned));
        let (exposed_ports, port_bindings) = self.ports(service);
        let (mounts, uploads) = self.mounts(service);
        ContainerSpec {
            image: service.image_or_default(&self.project.name, self.context.separator),
            platform,
            command: container.command.clone(),
            entrypoint: container.entrypoint.clone(),
            environment,
            labels: self.labels(service),
            annotations: container.annotations.clone(),
            hostname: container.hostname.clone(),
            domainname: container.domainname.clone(),
            user: container.user.clone(),
            working_dir: container.working_dir.clone(),
            tty: workload.tty,
            stdin_open: workload.stdin_open,
            stop_signal: container.stop_signal.clone(),
            stop_timeout: container.stop_grace_period.map(|time| time.0 / 1_000_000_000),
            exposed_ports,
            port_bindings,
            healthcheck: self.healthcheck(service),
            mounts,
            tmpfs: mounts::tmpfs(&container.tmpfs),
            volumes_from: options::volumes_from(&container.volumes_from),
            uploads,
            network: self.attachment(service),
            extra_hosts: options::extra_hosts(container),
            links: self.links(service),
            dns: container.dns.clone(),
            dns_search: container.dns_search.clone(),
            dns_options: container.dns_opt.clone(),
            cap_add: options::capabilities(&container.cap_add),
            cap_drop: options::capabilities(&container.cap_drop),
            group_add: container.group_add.clone(),
            privileged: container.privileged,
            read_only: container.read_only,
            init: container.init,
            ipc: options::namespace(container.ipc.as_deref()),
            pid: options::namespace(container.pid.as_deref()),
            uts: container.uts.clone(),
            userns_mode: container.userns_mode.clone(),
            cgroup: container.cgroup.clone(),
            cgroup_parent: container.cgroup_parent.clone(),
            runtime: container.runtime.clone(),
            isolation: container.isolation.clone(),
            security_opt: self.security_options(service),
            unmasked_paths: container.security_opt.iter().any(|o| options::is_unmasked(o)),
            sysctls: container.sysctls.clone(),
            storage_opt: container.storage_opt.clone(),
            logging: options::logging(container),
            restart: options::restart(service),
            volume_driver: None,
            resources: resources::resources(service),
        }
    }

    fn labels(&self, service: &Service) -> IndexMap<String, String> {
        let mut all = service.container.labels.clone();
        let mut set = |key: &str, value: String| all.insert(key.to_owned(), value);
        set(labels::PROJECT, self.project.name.clone());
        set(labels::SERVICE, service.name.to_string());
        set(labels::VERSION, labels::COMPATIBLE_VERSION.to_owned());
        set(labels::WORKING_DIR, self.project.working_dir.to_string_lossy().into_owned());
        set(labels::CONFIG_FILES, self.context.config_files.join(","));
        if !self.context.env_files.is_empty() {
            set(labels::ENVIRONMENT_FILE, self.context.env_files.join(","));
        }
        set(labels::ONE_OFF, "False".to_owned());
        let mut dependencies: Vec<String> = service
            .workload
            .depends_on
            .iter()
            // What is off and may be missing is no dependency of this project, as in the reference.
            .filter(|(name, _)| self.project.services.contains_key(name.as_str()))
            .map(|(name, on)| format!("{name}:{}:{}", on.condition.as_str(), on.restart))
            .collect();
        dependencies.sort_unstable();
        set(labels::DEPENDS_ON, dependencies.join(","));
        all
    }

    fn ports(&mut self, service: &Service) -> (Vec<ExposedPort>, Vec<PortBinding>) {
        let mut exposed = Vec::new();
        let mut bindings = Vec::new();
        for port in &service.workload.ports {
            let protocol =
                port.protocol.clone().filter(|p| !p.is_empty()).unwrap_or_else(|| "tcp".to_owned());
            let container = ExposedPort { port: u16::try_from(port.target).unwrap_or(0), protocol };
            bindings.push(PortBinding {
                container: container.clone(),
                host_ip: port.host_ip.clone().unwrap_or_default(),
                host_port: port.published.clone().unwrap_or_default(),
            });
            exposed.push(container);
        }
        for (at, text) in service.workload.expose.iter().enumerate() {
            match options::exposed_range(text) {
                Some(ports) => exposed.extend(ports),
                None => {
                    let message = format!("`{text}` is not a port");
                    let path = PathRef::Root.key("expose");
                    self.report(
                        service,
                        Code::Port,
                        path.index(at),
                        message,
                        "write a port or a range, like `8080` or `7000-7010/udp`",
                    );
                }
            }
        }
        exposed.sort();
        exposed.dedup();
        (exposed, bindings)
    }

    fn healthcheck(&self, service: &Service) -> Option<HealthSpec> {
        let check = service.workload.healthcheck.as_ref()?;
        let nanos = |time: Option<crate::base::duration::Duration>| time.map(|time| time.0);
        Some(HealthSpec {
            test: if check.disable { vec!["NONE".to_owned()] } else { check.test.clone() },
            interval: nanos(check.interval),
            timeout: nanos(check.timeout),
            retries: check.retries,
            start_period: nanos(check.start_period),
            start_interval: nanos(check.start_interval),
        })
    }

    fn volume(&self, key: &str, volume: &model::Volume) -> VolumeSpec {
        let hash = model::hash::volume(volume);
        let mut all = volume.labels.clone();
        all.insert(labels::VOLUME.to_owned(), key.to_owned());
        all.insert(labels::PROJECT.to_owned(), self.project.name.clone());
        all.insert(labels::VERSION.to_owned(), labels::COMPATIBLE_VERSION.to_owned());
        all.insert(labels::CONFIG_HASH.to_owned(), hash.clone());
        VolumeSpec {
            key: key.to_owned(),
            name: volume.name.clone().unwrap_or_else(|| key.to_owned()),
            external: volume.external,
            driver: volume.driver.clone(),
            options: volume.driver_opts.clone(),
            labels: all,
            hash,
            span: volume.origins.span(),
        }
    }
}

fn hook(hook: &model::Hook) -> HookSpec {
    HookSpec {
        command: hook.command.clone().unwrap_or_default(),
        user: hook.user.clone(),
        privileged: hook.privileged,
        working_dir: hook.working_dir.clone(),
        environment: hook.environment.clone(),
    }
}
