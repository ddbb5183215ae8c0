//! What is completed after checking: variables from files, labels from files, values of the environment.
//!
//! Files are read by a callback, since this layer reads none. The callback gets the file and a look-up for
//! the variables inside it, and gives back what the file sets, in order. A missing file that isn't required
//! is an empty list.

use indexmap::IndexMap;

use crate::diag::{Diagnostic, Diagnostics};
use crate::yaml::PathRef;

use super::container::{Container, EnvFile};
use super::origins::Origins;
use super::project::Project;

/// Looks a variable up, given the value that the file itself has set so far.
pub type Lookup<'a> = &'a dyn Fn(&str, Option<&str>) -> Option<String>;

/// Reads a file of variables.
pub type Reader<'a> =
    &'a mut dyn FnMut(&EnvFile, Lookup<'_>) -> Result<Vec<(String, String)>, Box<Diagnostic>>;

/// Gives every service that is on, and whose name is wanted, its whole environment; `env_file` is empty
/// afterwards.
///
/// A service's own `environment` wins over its files, also where it names a variable without a value that
/// the project's environment can't give either. Variables inside a file are looked up in the project's
/// environment, then in the service's, then in what files have set so far.
pub fn env_files(
    project: &mut Project,
    wanted: impl Fn(&str) -> bool,
    read: Reader<'_>,
    diags: &mut Diagnostics,
) {
    for service in project.services.values_mut().filter(|service| wanted(&service.name)) {
        let origins = &service.origins;
        environment(&mut service.container, origins, &project.environment, read, diags);
    }
}

/// Gives one container its whole environment, as [`env_files`] does for all services that are on.
pub fn environment(
    container: &mut Container,
    origins: &Origins,
    variables: &IndexMap<String, String>,
    read: Reader<'_>,
    diags: &mut Diagnostics,
) {
    for (name, value) in &mut container.environment {
        if value.is_none() {
            *value = variables.get(name).cloned();
        }
    }
    let own = &container.environment;
    let mut set: IndexMap<String, Option<String>> =
        own.iter().filter(|(_, value)| value.is_some()).map(|(k, v)| (k.clone(), v.clone())).collect();
    for (at, file) in std::mem::take(&mut container.env_file).iter().enumerate() {
        let lookup = |name: &str, here: Option<&str>| {
            let found = variables.get(name).or_else(|| own.get(name).and_then(Option::as_ref));
            let found = found.map(String::as_str).or(here);
            found.or_else(|| set.get(name).and_then(Option::as_deref)).map(str::to_owned)
        };
        match read(file, &lookup) {
            Ok(values) => set.extend(values.into_iter().map(|(name, value)| (name, Some(value)))),
            Err(finding) => diags.push(placed(*finding, origins, "env_file", at)),
        }
    }
    set.extend(container.environment.drain(..));
    container.environment = set;
}

/// Gives every service that is on the labels from its files; its own labels win. The list of files stays:
/// the reference prints and hashes it.
pub fn label_files(project: &mut Project, read: Reader<'_>, diags: &mut Diagnostics) {
    for service in project.services.values_mut() {
        let container = &mut service.container;
        if container.label_file.is_empty() {
            continue;
        }
        let mut labels: IndexMap<String, String> = IndexMap::new();
        for (at, path) in container.label_file.iter().enumerate() {
            let file = EnvFile { path: path.clone(), required: true, format: None };
            // Labels of earlier files stand above those of this one, as in the reference.
            let lookup = |name: &str, here: Option<&str>| {
                labels.get(name).map(String::as_str).or(here).map(str::to_owned)
            };
            match read(&file, &lookup) {
                Ok(values) => labels.extend(values),
                Err(finding) => diags.push(placed(*finding, &service.origins, "label_file", at)),
            }
        }
        labels.extend(container.labels.drain(..));
        container.labels = labels;
    }
}

/// Carries `scale` over to a `deploy` part that is there, as the reference does after its checks.
pub fn replicas(project: &mut Project) {
    for service in project.services.values_mut() {
        if let (Some(scale), Some(deploy)) = (service.scale, service.deploy.as_mut()) {
            deploy.replicas = Some(scale);
        }
    }
}

/// A reader knows the file, and maybe the place in it, but not who asked for it.
fn placed(mut finding: Diagnostic, origins: &Origins, key: &str, at: usize) -> Diagnostic {
    let asked = origins.value(PathRef::Root.key(key).index(at));
    finding.path.get_or_insert_with(|| origins.full(PathRef::Root.key(key).index(at)));
    match finding.span.is_some() {
        true => finding.label(asked, "the file is read for this"),
        false => {
            finding.span = asked;
            finding
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stand_below_the_service_and_see_what_was_set_before() {
        let text = |t: &str| Some(t.to_owned());
        let file = |path: &str| EnvFile { path: path.into(), required: true, format: None };
        let mut container = Container {
            environment: [("A".into(), text("own")), ("B".into(), None), ("P".into(), None)].into(),
            env_file: vec![file("1"), file("2")],
            ..Container::default()
        };
        let variables = [("P".to_owned(), "project".to_owned())].into();
        let mut read = |file: &EnvFile, lookup: Lookup<'_>| {
            let seen = format!("{:?}{:?}{:?}", lookup("A", None), lookup("P", None), lookup("X", None));
            Ok(match file.path.as_str() {
                "1" => vec![("A".to_owned(), "file".to_owned()), ("X".to_owned(), seen)],
                _ => vec![
                    ("B".to_owned(), "file".to_owned()),
                    ("Y".to_owned(), lookup("X", None).unwrap_or_default()),
                ],
            })
        };
        let mut diags = Diagnostics::new();
        environment(&mut container, &Origins::default(), &variables, &mut read, &mut diags);
        let seen = r#"Some("own")Some("project")None"#;
        assert_eq!(container.environment["A"].as_deref(), Some("own"));
        assert_eq!(container.environment["B"], None);
        assert_eq!(container.environment["P"].as_deref(), Some("project"));
        assert_eq!(container.environment["X"].as_deref(), Some(seen));
        assert_eq!(container.environment["Y"].as_deref(), Some(seen));
        assert!(container.env_file.is_empty() && diags.is_empty());
    }
}
