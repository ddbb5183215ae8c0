//! What a container is made of: image, build, platform, health check.

use crate::diag::{Code, Diagnostics};

use super::{HERE, Subject, suggested};

pub(super) fn check(subject: &Subject<'_>, diags: &mut Diagnostics) {
    let provided = subject.noun == "service"
        && subject.project.services.get(subject.name).is_some_and(|service| service.provider.is_some());
    let Some(build) = &subject.workload.build else {
        if subject.container.image.is_none() && !provided {
            let finding = subject.finding(Code::NoImage, HERE, "has neither `image` nor `build`");
            diags.push(finding.help("add `image: <name>`, or `build: <directory>` to build one"));
        }
        return;
    };
    let at = HERE.key("build");
    if build.dockerfile.is_some() && build.dockerfile_inline.is_some() {
        let path = at.key("dockerfile_inline");
        let what = "declares both `dockerfile` and `dockerfile_inline`";
        diags.push(
            subject
                .finding(Code::ExclusiveKeys, path, what)
                .label(subject.origins.key(at.key("dockerfile")), "the other one is here")
                .help("keep only one of them"),
        );
    }
    let (services, disabled) = (&subject.project.services, &subject.project.disabled_services);
    for (name, context) in &build.additional_contexts {
        let Some(target) = context.strip_prefix("service:") else { continue };
        let contexts = at.key("additional_contexts");
        let path = contexts.key(name);
        // What profiles keep off can be built all the same.
        match services.get(target).or_else(|| disabled.get(target)) {
            None => {
                let what = format!("takes the build context `{name}` from the unknown service `{target}`");
                let finding = subject.finding(Code::BuildContext, path, what);
                let known = services.keys().chain(disabled.keys()).map(|key| key.as_str());
                diags.push(suggested(finding, target, known, "name a service of this project".to_owned()));
            }
            Some(other) if other.workload.build.is_none() => {
                let what = format!("takes the build context `{name}` from `{target}`, which is not built");
                diags.push(subject.finding(Code::BuildContext, path, what).help(format!(
                    "give `{target}` a `build`, or use its image: `{name}: docker-image://<image>`"
                )));
            }
            Some(_) => {}
        }
    }
    if let Some(platform) = &subject.container.platform
        && !build.platforms.is_empty()
        && !build.platforms.contains(platform)
    {
        let path = at.key("platforms");
        let what = format!("runs on `{platform}`, which `build.platforms` does not list");
        diags.push(
            subject
                .finding(Code::Platform, path, what)
                .label(subject.origins.key(HERE.key("platform")), "the platform it runs on")
                .help(format!("add `{platform}` to `build.platforms`")),
        );
    }
}

pub(super) fn health(subject: &Subject<'_>, diags: &mut Diagnostics) {
    let Some(check) = &subject.workload.healthcheck else { return };
    if let Some(first) = check.test.first()
        && !matches!(first.as_str(), "CMD" | "CMD-SHELL" | "NONE")
    {
        let healthcheck = HERE.key("healthcheck");
        let path = healthcheck.key("test");
        let what = "has a health check that starts with none of `CMD`, `CMD-SHELL`, `NONE`";
        let help = "put `CMD` in front, or write the test as one text for the shell";
        diags.push(subject.finding(Code::Healthcheck, path, what).help(help));
    }
}
