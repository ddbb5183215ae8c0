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
            let Some(written) = subject.sources.slice(span) else { continue };
            // Messages go into logs and reports: the value is not repeated there.
            let what = format!("has a secret in plain text, `{name}`");
            let literal = || written.contains(value) && !subject.is_interpolated(span);
            let help = if is_secret(name) && !is_no_secret(name, value) && literal() {
                format!(
                    "write `{name}: ${{{name}}}` and set it in .env, which stays out of version control, or use \
                     `secrets`"
                )
            } else if has_password(written) {
                "write a variable in place of the password, and set it in .env, which stays out of version \
                 control, or use `secrets`"
                    .to_owned()
            } else {
                continue;
            };
            diags.push(
                finding(Code::LiteralSecret, service, HERE.key("environment").key(name), what).help(help),
            );
        }
    }
}

/// Whether a variable of this name holds a secret.
fn is_secret(name: &str) -> bool {
    const LAST: [&str; 2] = ["PASS", "PWD"];
    const ENDS: [&str; 10] = [
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "SECRET",
        "TOKEN",
        "APIKEY",
        "API_KEY",
        "SECRET_KEY",
        "ACCESS_KEY",
        "PRIVATE_KEY",
    ];
    let name = name.to_ascii_uppercase();
    let (prefix, last) = name.rsplit_once('_').unwrap_or(("", &name));
    let switch = name.contains("ALLOW_") || name.contains("RANDOM_") || name.contains("ENABLE");
    // Alone it is the directory a shell is in.
    let known = LAST.contains(&last) && !(last == "PWD" && prefix.is_empty());
    !switch && (known || name.ends_with("SECRET_KEY_BASE") || ENDS.iter().any(|end| name.ends_with(end)))
}

/// Whether a value is no secret: empty, a number of one digit, yes or no, the path of a file that holds it, or
/// for a name that may mean a directory any path.
fn is_no_secret(name: &str, value: &str) -> bool {
    let path = value.starts_with("/run/secrets/") || (value.starts_with('/') && name.ends_with("PWD"));
    path || value.len() < 2
        || matches!(value.to_ascii_lowercase().as_str(), "yes" | "no" | "true" | "false" | "none")
}

/// Whether a text holds the address of something, with a password that is written out:
/// `postgres://app:hunter2@db/x`.
fn has_password(text: &str) -> bool {
    let text = without_expressions(text);
    text.match_indices("://").any(|(at, found)| {
        let rest = &text[at + found.len()..];
        let end = rest.find(['/', '?', '#', '"', '\'', ' ', '\t', '\n', '\r', ',']).unwrap_or(rest.len());
        let Some((user, _)) = rest[..end].rsplit_once('@') else { return false };
        user.split_once(':').is_some_and(|(_, password)| is_written_out(password))
    })
}

/// The text with a `$` in place of each `${…}`: what is inside is a default at most.
fn without_expressions(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let (mut depth, mut last) = (0_usize, ' ');
    for c in text.chars() {
        match c {
            '{' if depth > 0 || last == '$' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            c if depth == 0 => bare.push(c),
            _ => {}
        }
        last = c;
    }
    bare
}

/// Whether a password stands there itself, no variable or sign for one.
fn is_written_out(password: &str) -> bool {
    let sign = password.contains(['$', '<', '>', '{', '}', '[', ']']);
    !sign && !password.bytes().all(|byte| matches!(byte, b'*' | b'.' | b'x' | b'X' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::{has_password, is_no_secret, is_secret};

    #[test]
    fn secrets_are_told_by_their_names() {
        for name in [
            "POSTGRES_PASSWORD",
            "db_password",
            "JWT_SECRET",
            "GITHUB_TOKEN",
            "OPENAI_API_KEY",
            "PGPASSWORD",
            "MYSQL_PWD",
            "clientSecret",
            "SECRET_KEY_BASE",
            "DB_PASS",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "POSTGRES_PASSWORD_FILE",
            "MYSQL_ALLOW_EMPTY_PASSWORD",
            "KEY",
            "TOKEN_TTL",
            "PASSENGER",
            "PWD",
            "OLDPWD",
            "BYPASS",
        ] {
            assert!(!is_secret(name), "{name}");
        }
        for value in ["yes", "", "/run/secrets/db", "1"] {
            assert!(is_no_secret("DB_PASSWORD", value), "{value}");
        }
        assert!(is_no_secret("APP_PWD", "/srv/app") && !is_no_secret("DB_PASSWORD", "/srv/app"));
        assert!(!is_no_secret("DB_PASSWORD", "hunter2"));
    }

    #[test]
    fn passwords_are_found_in_addresses() {
        for text in [
            "postgres://app:hunter2@db/x",
            "redis://:hunter2@r/0",
            "jdbc:mysql://root:p@ss@db:3306/x?a=b",
            "URL=amqp://u:p1@h",
            "postgres://${USER:-a:b}:hunter2@db",
            "http://proxy:80/,https://u:pw@h",
        ] {
            assert!(has_password(text), "{text}");
        }
        for text in [
            "postgres://app:${PW}@db/x",
            "postgres://app:${PW:-a/b}@db/x",
            "${URL:-postgres://app:app@db/x}",
            "postgres://app@db/x",
            "redis://r:6379/0",
            "http://host:80/@scope/x:y@z",
            "postgres://user:<password>@db",
            "redis://:@r",
            "https://u:****@h",
            "me@example.com:a",
        ] {
            assert!(!has_password(text), "{text}");
        }
    }
}
