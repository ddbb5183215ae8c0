//! Data that is lost, or not where it is looked for.

use std::path::Path;

use super::images::Known;
use super::{HERE, Subject, VOLUMES, finding};
use crate::base::image_ref::ImageRef;
use crate::diag::{Code, Diagnostics, Severity};
use crate::model::{FileReference, Mount, MountType, Service};
use crate::yaml::{Kind, PathRef};

/// A database whose data has no name.
pub(super) fn anonymous(subject: &Subject<'_>, diags: &mut Diagnostics) {
    for service in subject.all_services() {
        let Some(image) = service.container.image.as_deref() else { continue };
        let Some(known) = ImageRef::parse(image).ok().and_then(|image| Known::of(&image)) else { continue };
        let directories = known.directories(service);
        let holds = |target: &str| directories.iter().any(|directory| related(target, directory));
        let mounts: Vec<(usize, &Mount)> = service
            .container
            .volumes
            .iter()
            .enumerate()
            .filter(|(_, mount)| mount.target.as_deref().is_some_and(holds))
            .collect();
        let nameless = |mount: &Mount| mount.kind == MountType::Volume && mount.source.is_none();
        let in_memory = service.container.tmpfs.iter().any(|t| holds(t.split(':').next().unwrap_or(t)));
        let elsewhere = !service.container.volumes_from.is_empty();
        if in_memory || elsewhere || mounts.iter().any(|(_, mount)| !nameless(mount)) {
            continue;
        }
        let name = service.name.as_str();
        match mounts.first() {
            Some((at, mount)) => {
                let target = mount.target.as_deref().unwrap_or_default();
                let path = VOLUMES.index(*at);
                let what = format!("stores {} data in an anonymous volume", known.name);
                let mut found = finding(Code::AnonymousDataVolume, service, path, what).help(format!(
                    "name it: `{name}-data:{target}`, and declare `{name}-data` under `volumes`"
                ));
                found.span = service.origins.value(path);
                diags.push(found);
            }
            None if known.keeps => {
                let directory = directories.first().map(String::as_str).unwrap_or_default();
                let what = format!("stores {} data in an anonymous volume", known.name);
                let mut found = finding(Code::AnonymousDataVolume, service, HERE.key("image"), what)
                    .note(format!("its data is in {directory}"))
                    .help(format!(
                        "mount a named volume there, `{name}-data:{directory}`, or a `tmpfs` if it may be lost"
                    ));
                // Where data may be lost, as in tests, this is how it is written.
                found.severity = Severity::Note;
                found.span = service.origins.value(HERE.key("image"));
                diags.push(found);
            }
            None => {}
        }
    }
}

/// Whether one of two directories holds the other.
fn related(a: &str, b: &str) -> bool {
    Path::new(a).starts_with(b) || Path::new(b).starts_with(a)
}

/// A path that the engine will make up.
pub(super) fn missing_source(subject: &Subject<'_>, diags: &mut Diagnostics) {
    for service in subject.project.services.values() {
        for (at, mount) in service.container.volumes.iter().enumerate() {
            let (MountType::Bind, Some(source)) = (mount.kind, mount.source.as_deref()) else { continue };
            let created = mount.bind.as_ref().is_none_or(|bind| bind.create_host_path != Some(false));
            let path = Path::new(source);
            // What is outside may well be there where the engine runs.
            if !created || !subject.is_inside(path) || subject.files.exists(path) {
                continue;
            }
            let place = VOLUMES.index(at);
            let shown = path.strip_prefix(&subject.project.working_dir).unwrap_or(path);
            let is_file = names_file(source) && mount.target.as_deref().is_some_and(names_file);
            let what = format!("mounts `{}`, which does not exist", shown.display());
            let found = finding(Code::MissingBindSource, service, place, what);
            let mut found = match is_file {
                true => found.note("the engine makes a directory of this name").help(
                    "make the file first; the long form with `bind: {create_host_path: false}` fails instead",
                ),
                false => found
                    .note("the engine makes this directory, owned by root")
                    .help("make it first if the container doesn't run as root"),
            };
            if !is_file {
                found.severity = Severity::Note;
            }
            found.span = service.origins.value(place);
            diags.push(found);
        }
    }
}

/// Whether a path looks like that of a file: it has an extension of letters.
fn names_file(path: &str) -> bool {
    let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match name.rsplit_once('.') {
        Some((stem, extension)) => {
            !stem.is_empty()
                && (2..=5).contains(&extension.len())
                && extension.bytes().all(|b| b.is_ascii_lowercase())
        }
        None => false,
    }
}

/// A file mode that is meant in octal and read in decimal.
pub(super) fn decimal_mode(subject: &Subject<'_>, diags: &mut Diagnostics) {
    for service in subject.all_services() {
        let (secrets, configs) = (&service.container.secrets, &service.container.configs);
        let build = service.workload.build.iter().flat_map(|build| &build.secrets);
        let build_at = HERE.key("build");
        one_mode(subject, service, HERE.key("secrets"), secrets, diags);
        one_mode(subject, service, HERE.key("configs"), configs, diags);
        one_mode(subject, service, build_at.key("secrets"), build, diags);
    }
}

fn one_mode<'a>(
    subject: &Subject<'_>,
    service: &Service,
    list: PathRef<'_>,
    references: impl IntoIterator<Item = &'a FileReference>,
    diags: &mut Diagnostics,
) {
    for at in 0..references.into_iter().count() {
        let item = list.index(at);
        let path = item.key("mode");
        let Some(node) = service.origins.node(path) else { continue };
        let Kind::Int(mode) = node.kind else { continue };
        let Some(written) = subject.sources.slice(node.span) else { continue };
        let octal = written.bytes().all(|b| (b'0'..=b'7').contains(&b)) && !written.starts_with('0');
        if !octal || !(3..=4).contains(&written.len()) {
            continue;
        }
        let what = format!("has a file of the decimal mode {written}, which is 0{mode:o}");
        let mut found = finding(Code::DecimalMode, service, path, what)
            .help("begin with a zero to write an octal number")
            .edit(node.span, format!("0{written}"));
        found.span = node.span;
        diags.push(found);
    }
}

#[cfg(test)]
mod tests {
    use super::names_file;

    #[test]
    fn files_are_told_from_directories() {
        for path in ["/a/nginx.conf", "/a/my.cnf", "/x/init.sql"] {
            assert!(names_file(path), "{path}");
        }
        for path in ["/a/conf.d", "/a/.ssh", "/data", "/pg-9.6", "/a/v1.Beta", "/"] {
            assert!(!names_file(path), "{path}");
        }
    }
}
