//! Mounts, one a target, and files that are put in before each start.

use std::path::Path;

use indexmap::IndexMap;

use super::Lowering;
use crate::diag::{Code, Diagnostic, Severity};
use crate::model::{FileReference, Mount, MountType, Origins, Service};
use crate::spec::{MountKind, MountSpec, Upload};
use crate::yaml::PathRef;

/// `path[:options]` entries.
pub(super) fn tmpfs(entries: &[String]) -> IndexMap<String, String> {
    entries
        .iter()
        .map(|entry| {
            let (path, options) = entry.split_once(':').unwrap_or((entry, ""));
            (path.to_owned(), options.to_owned())
        })
        .collect()
}

/// What a secret or config is made of.
struct Resource<'a> {
    kind: &'static str,
    file: Option<&'a String>,
    content: Option<&'a String>,
    environment: Option<&'a String>,
    external: bool,
    driver: Option<&'static str>,
    origins: &'a Origins,
}

impl Lowering<'_> {
    pub(super) fn mounts(&mut self, service: &Service) -> (Vec<MountSpec>, Vec<Upload>) {
        // Later entries with one target win; secrets and configs never override a volume.
        let mut by_target: IndexMap<String, MountSpec> = IndexMap::new();
        for mount in &service.container.volumes {
            let spec = self.mount(mount);
            by_target.insert(spec.target.clone(), spec);
        }
        let mut uploads = Vec::new();
        self.resources(service, &mut by_target, &mut uploads);
        (by_target.into_values().collect(), uploads)
    }

    fn mount(&self, mount: &Mount) -> MountSpec {
        let source = mount.source.clone().unwrap_or_default();
        let kind = match mount.kind {
            MountType::Bind => {
                let bind = mount.bind.clone().unwrap_or_default();
                MountKind::Bind {
                    source,
                    // The long form without a `bind` section creates nothing, as in the reference.
                    create_host_path: mount.bind.is_none() || bind.create_host_path != Some(false),
                    propagation: bind.propagation,
                    recursive: bind.recursive,
                    selinux: bind.selinux,
                    resource: false,
                }
            }
            MountType::Volume => {
                let options = mount.volume.clone().unwrap_or_default();
                let declared = mount.source.as_ref().and_then(|key| self.project.volumes.get(key));
                let name = match declared {
                    Some(volume) => volume.name.clone().or_else(|| mount.source.clone()),
                    None => mount.source.clone(),
                };
                MountKind::Volume {
                    name,
                    key: mount.source.clone().filter(|_| declared.is_some()),
                    labels: options.labels,
                    nocopy: options.nocopy,
                    subpath: options.subpath,
                    selinux: mount.bind.as_ref().and_then(|bind| bind.selinux.clone()),
                    configured: mount.volume.is_some(),
                }
            }
            MountType::Tmpfs => {
                let options = mount.tmpfs.clone().unwrap_or_default();
                MountKind::Tmpfs {
                    size: Some(options.size.0).filter(|size| *size != 0),
                    mode: Some(options.mode).filter(|mode| *mode != 0),
                }
            }
            MountType::Image => {
                // A service's key stands for its image.
                let source = match self.project.services.get(source.as_str()) {
                    Some(service) => service.image_or_default(&self.project.name, self.context.separator),
                    None => source,
                };
                MountKind::Image { source, subpath: mount.image.clone().and_then(|image| image.subpath) }
            }
            MountType::Cluster | MountType::Npipe => {
                MountKind::Other { kind: mount.kind.as_str().to_owned(), source }
            }
        };
        MountSpec {
            target: mount.target.clone().unwrap_or_default(),
            read_only: mount.read_only,
            kind,
            consistency: mount.consistency.clone(),
        }
    }

    fn resources(
        &mut self,
        service: &Service,
        mounts: &mut IndexMap<String, MountSpec>,
        uploads: &mut Vec<Upload>,
    ) {
        let project = self.project;
        for (at, reference) in service.container.secrets.iter().enumerate() {
            let key = reference.source.clone().unwrap_or_default();
            let Some(secret) = project.secrets.get(&key) else { continue };
            let resource = Resource {
                kind: "secret",
                file: secret.file.as_ref(),
                content: secret.content.as_ref(),
                environment: secret.environment.as_ref(),
                external: secret.external,
                driver: secret
                    .driver
                    .as_ref()
                    .map(|_| "driver")
                    .or(secret.template_driver.as_ref().map(|_| "template_driver")),
                origins: &secret.origins,
            };
            let target = match reference.target.as_deref().filter(|target| !target.is_empty()) {
                None => format!("/run/secrets/{key}"),
                Some(target) if target.starts_with('/') => target.to_owned(),
                Some(target) => format!("/run/secrets/{target}"),
            };
            let path = PathRef::Root.key("secrets");
            self.resource(service, path.index(at), &key, reference, &resource, target, mounts, uploads);
        }
        for (at, reference) in service.container.configs.iter().enumerate() {
            let key = reference.source.clone().unwrap_or_default();
            let Some(config) = project.configs.get(&key) else { continue };
            let resource = Resource {
                kind: "config",
                file: config.file.as_ref(),
                content: config.content.as_ref(),
                environment: config.environment.as_ref(),
                external: config.external,
                driver: config.template_driver.as_ref().map(|_| "template_driver"),
                origins: &config.origins,
            };
            let target = match reference.target.as_deref().filter(|target| !target.is_empty()) {
                None => format!("/{key}"),
                Some(target) if target.starts_with('/') => target.to_owned(),
                Some(target) => format!("/{target}"),
            };
            let path = PathRef::Root.key("configs");
            self.resource(service, path.index(at), &key, reference, &resource, target, mounts, uploads);
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one resource of one service, told once for secrets and configs"
    )]
    fn resource(
        &mut self,
        service: &Service,
        at: PathRef<'_>,
        key: &str,
        reference: &FileReference,
        resource: &Resource<'_>,
        target: String,
        mounts: &mut IndexMap<String, MountSpec>,
        uploads: &mut Vec<Upload>,
    ) {
        let kind = resource.kind;
        if resource.external {
            let message = format!("unsupported external {kind} {key}");
            self.report(
                service,
                Code::ResourceSource,
                at,
                message,
                "an engine outside of Swarm mode has no store of its own: use `file:` or `environment:`",
            );
            return;
        }
        if let Some(driver) = resource.driver {
            let message = format!("{kind} \"{key}\": `{driver}` only works in Swarm mode");
            self.report(service, Code::ResourceSource, at, message, "use `file:` or `environment:`");
            return;
        }
        if let Some(file) = resource.file {
            if reference.uid.is_some() || reference.gid.is_some() || reference.mode.is_some() {
                let message =
                    format!("{kind} \"{key}\": `uid`, `gid` and `mode` are not honoured for a mounted file");
                self.report(
                    service,
                    Code::NotCarried,
                    at,
                    message,
                    "the file keeps its owner and mode of the host",
                );
            }
            if service.replicas() > 0 && !mounts.contains_key(&target) {
                self.source(key, resource, file);
            }
            mounts.entry(target.clone()).or_insert_with(|| MountSpec {
                target,
                read_only: true,
                kind: MountKind::Bind {
                    source: file.clone(),
                    create_host_path: false,
                    propagation: None,
                    recursive: None,
                    selinux: None,
                    resource: kind == "config",
                },
                consistency: None,
            });
            return;
        }
        let Some(content) = resource.content else {
            if let Some(variable) = resource.environment {
                let message =
                    format!("environment variable \"{variable}\" required by {kind} \"{key}\" is not set");
                self.report_for_start(service, at, message, "set it in the environment or the .env file");
            }
            return;
        };
        if service.container.read_only {
            let message = format!(
                "cannot create {kind} \"{key}\" in read-only service {}: `file` is the sole supported option",
                service.name
            );
            self.report_for_start(service, at, message, "keep it in a file, or drop `read_only`");
            return;
        }
        if content.is_empty() {
            return;
        }
        let mut owner = |text: &Option<String>, what: &str| {
            let text = text.as_deref()?;
            let parsed = text.parse().ok();
            if parsed.is_none() {
                let message = format!("{kind} \"{key}\": {what} `{text}` is not a number");
                self.report(service, Code::Number, at, message, "write the numeric id");
            }
            parsed
        };
        let (uid, gid) = (owner(&reference.uid, "uid"), owner(&reference.gid, "gid"));
        uploads.push(Upload {
            target,
            content: content.clone().into_bytes(),
            mode: reference.mode.and_then(|mode| u32::try_from(mode.0).ok()).unwrap_or(0o444),
            uid,
            gid,
            resource: key.to_owned(),
        });
    }

    /// The file of a secret or config must be there: nothing makes one up, unlike for a plain bind mount.
    fn source(&mut self, key: &str, resource: &Resource<'_>, file: &str) {
        let working_dir = &self.project.working_dir;
        let Some(severity) = (self.context.absence)(&working_dir.join(file)) else { return };
        let kind = resource.kind;
        let shown = Path::new(file).strip_prefix(working_dir).unwrap_or(Path::new(file)).display();
        let place = PathRef::Root.key("file");
        let message = format!("{kind} \"{key}\": there is no file `{shown}`");
        let mut found = Diagnostic::new(Code::FileUnreadable, resource.origins.value(place), message)
            .at(resource.origins.full(place))
            .help(match severity {
                Severity::Error => "make it first, or name another",
                _ => "unless the engine has it where it runs, no container can be made",
            });
        found.severity = severity;
        self.diags.push(found);
    }
}
