//! Variables and values.

use super::{HERE, Subject, at, finding};
use crate::diag::{Code, Diagnostics, Span};
use crate::yaml::Kind;

/// A variable that the file uses and only an `env_file` sets.
pub(super) fn only_in_env_file(subject: &Subject<'_>, diags: &mut Diagnostics) {
    let provenance = subject.provenance;
    let mut told: Vec<Span> = Vec::new();
    for used in provenance.substitutions.iter().filter(|used| used.value.is_none()) {
        let name = used.variable.as_str();
        let setting = provenance.variable_files.iter().find_map(|file| {
            let (_, _, line) =
                file.assignments.iter().find(|(set, value, _)| set == name && !value.is_empty())?;
            Some((file.path.as_path(), *line))
        });
        let Some((path, line)) = setting else { continue };
        // An alias has the same text stand in several places.
        if told.contains(&used.span) {
            continue;
        }
        told.push(used.span);
        let shown = path.strip_prefix(&subject.project.working_dir).unwrap_or(path).display();
        let what = if used.took_word { "so the other word counts" } else { "so it is empty" };
        let message = format!("`{name}` is set for the container only, in {shown}, line {line}");
        let mut found = at(Code::VariableInEnvFile, &subject.project.origins, HERE, message)
            .note(format!("here `{name}` is not set, {what}"))
            .help(format!("set `{name}` in .env too, or run with `--env-file {shown}`"));
        found.span = used.span;
        found.path = Some(used.path.clone());
        diags.push(found);
    }
}

/// A secret in plain text.
pub(super) fn literal_secret(subject: &Subject<'_>, diags: &mut Diagnostics) {
    for service in subject.all_services() {
        let Some(node) = service.origins.node(HERE.key("environment")) else { continue };
        let entries: Vec<(&str, &str, Span)> = match &node.kind {
            Kind::Mapping(map) => map
                .iter()
                .filter_map(|entry| Some((entry.key.text.as_str(), entry.value.as_str()?, entry.value.span)))
                .collect(),
            Kind::Sequence(items) => items
                .iter()
                .filter_map(|item| {
                    item.as_str()?.split_once('=').map(|(name, value)| (name, value, item.span))
                })
                .collect(),
            _ => continue,
        };
        for (name, value, span) in entries {
            let literal = subject.sources.slice(span).is_some_and(|text| text.contains(value));
            if !is_secret(name) || is_switch(value) || !literal || subject.is_interpolated(span) {
                continue;
            }
            // Messages go into logs and reports: the value is not repeated there.
            let what = format!("has a secret in plain text, `{name}`");
            diags.push(
                finding(Code::LiteralSecret, service, HERE.key("environment").key(name), what).help(format!(
                    "write `{name}: ${{{name}}}` and set it in .env, which stays out of version control, or use \
                     `secrets`"
                )),
            );
        }
    }
}

/// Whether a variable of this name holds a secret.
fn is_secret(name: &str) -> bool {
    const LAST: [&str; 7] = ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "PASS"];
    const ENDS: [&str; 5] = ["API_KEY", "SECRET_KEY", "ACCESS_KEY", "PRIVATE_KEY", "SECRET_KEY_BASE"];
    let name = name.to_ascii_uppercase();
    let last = name.rsplit('_').next().unwrap_or(&name);
    let switch = name.contains("ALLOW_") || name.contains("RANDOM_") || name.contains("ENABLE");
    !switch && (LAST.contains(&last) || ENDS.iter().any(|end| name.ends_with(end)))
}

/// Whether a value is no secret: empty, a number of one digit, or yes or no.
fn is_switch(value: &str) -> bool {
    value.len() < 2 || matches!(value.to_ascii_lowercase().as_str(), "yes" | "no" | "true" | "false" | "none")
}

#[cfg(test)]
mod tests {
    use super::{is_secret, is_switch};

    #[test]
    fn secrets_are_told_by_their_names() {
        for name in ["POSTGRES_PASSWORD", "db_password", "JWT_SECRET", "GITHUB_TOKEN", "OPENAI_API_KEY"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["POSTGRES_PASSWORD_FILE", "MYSQL_ALLOW_EMPTY_PASSWORD", "KEY", "TOKEN_TTL", "PASSENGER"]
        {
            assert!(!is_secret(name), "{name}");
        }
        assert!(is_switch("yes") && is_switch("") && !is_switch("hunter2"));
    }
}
