//! What may be secret, and texts without it.
//!
//! Names and values are only guessed at, so the guess is wide: a value that is hidden without need costs a
//! look into the file, one that is shown without need ends in the log of a CI run.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::quote::go_quote;

/// What stands in the place of a value that has no variable to name.
pub const HIDDEN: &str = "[hidden]";

/// Words that make any name secret that has them in it.
const INSIDE: [&str; 10] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "CREDENTIAL",
    "APIKEY",
    "PRIVATE",
    "WEBHOOK",
    "REQUIREPASS",
];

/// Words that make a name secret when they are a word of it: `SMTP_PW`, `requirePass`, `session-salt`.
const WORDS: [&str; 20] = [
    "PASS",
    "PW",
    "PWD",
    "PSW",
    "KEY",
    "KEYS",
    "AUTH",
    "DSN",
    "JWT",
    "SALT",
    "PEPPER",
    "PIN",
    "OTP",
    "TOTP",
    "COOKIE",
    "SESSION",
    "HMAC",
    "BEARER",
    "CREDS",
    "SIGNATURE",
];

/// Last words of names whose value is a place or a limit, not the secret itself.
const ABOUT: [&str; 4] = ["FILE", "TTL", "EXPIRY", "LENGTH"];

/// Whether the name of a variable, a label or an option says that its value is secret.
pub fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let joined = words.concat();
    // `PWD` and `OLDPWD` are directories.
    if joined == "PWD" || words.last().is_some_and(|last| ABOUT.contains(&last.as_str())) {
        return false;
    }
    INSIDE.iter().any(|word| joined.contains(word)) || words.iter().any(|word| WORDS.contains(&word.as_str()))
}

/// The words of a name in capitals: parted by anything but letters and digits, and before a capital that
/// follows a small letter.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            words.push(String::new());
        } else {
            if small && c.is_uppercase() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_uppercase());
            }
        }
        small = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a text that is written out may hold a secret: an address with a password in it
/// (`postgres://app:hunter2@db`), or a word that says that one follows (`--requirepass hunter2`).
pub fn looks_secret(text: &str) -> bool {
    let named = |word: &str| {
        let name = word.split(['=', ':']).next().unwrap_or(word);
        // Only a name with a value behind it says anything.
        (name.len() < word.len() || word.starts_with('-'))
            && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
            && is_secret_name(name)
    };
    passwords(text).next().is_some()
        || text.split([' ', '\t', '\n', '"', '\'', ',', ';', '&', '?']).any(named)
}

/// The users and passwords of the addresses in a text.
pub fn passwords(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices("://").filter_map(|(at, sign)| {
        let rest = &text[at + sign.len()..];
        let end = rest.find(['/', '?', '#', '"', '\'', ' ', '\t', '\n', '\r', ',']).unwrap_or(rest.len());
        rest[..end].rsplit_once('@')?.0.split_once(':')
    })
}

/// The variables of a text as it is written, in their order, each once; those in the words of others too.
pub fn references(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
            continue;
        }
        let name = rest.strip_prefix('{').unwrap_or(rest);
        let length = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let name = &name[..length];
        if name.starts_with(|c: char| !c.is_ascii_digit()) && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// Values shorter than this are not looked for in texts: they are in every one.
const SHORTEST: usize = 4;

/// Shorter ones than this count only where they are a word of their own.
const LONG: usize = 8;

/// Values that must not be shown, each with what stands in its place.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Redactor {
    values: BTreeMap<String, String>,
}

/// The values are nobody's business, not even a debugger's log.
impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} values)", self.values.len())
    }
}

impl Redactor {
    /// Nothing is hidden.
    pub fn new() -> Redactor {
        Redactor::default()
    }

    /// Hides a value, and each longer line of one that has several. What was said first of a value stays.
    pub fn hide(&mut self, value: &str, instead: &str) {
        let value = value.trim();
        if value.chars().count() < SHORTEST || matches!(value, "true" | "false" | "null" | "none") {
            return;
        }
        let quoted = go_quote(value);
        let inner = quoted.get(1..quoted.len() - 1).unwrap_or(value);
        let lines = value.lines().map(str::trim).filter(|line| value.contains('\n') && line.len() >= LONG);
        for text in [value, inner].into_iter().chain(lines) {
            self.values.entry(text.to_owned()).or_insert_with(|| instead.to_owned());
        }
    }

    /// Hides the words of a command that follow a secret-like name: `--requirepass x`, `PASSWORD=x`.
    pub fn hide_in_command(&mut self, words: &[String]) {
        const QUOTES: [char; 2] = ['"', '\''];
        let mut follows = false;
        for word in words.iter().flat_map(|word| word.split_whitespace()) {
            let (name, value) =
                word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
            match value {
                Some(value) if is_secret_name(name) => self.hide(value.trim_matches(QUOTES), HIDDEN),
                _ if follows => self.hide(word.trim_matches(QUOTES), HIDDEN),
                _ => {}
            }
            follows = value.is_none() && name.starts_with('-') && is_secret_name(name);
            self.hide_passwords(word);
        }
    }

    /// Hides the passwords of addresses: `postgres://app:hunter2@db`.
    pub fn hide_passwords(&mut self, text: &str) {
        for (_, password) in passwords(text) {
            self.hide(password, HIDDEN);
        }
    }

    /// Whether nothing is hidden.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The text without the values.
    pub fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut found: Vec<(&String, &String)> =
            self.values.iter().filter(|(value, _)| text.contains(value.as_str())).collect();
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        // The longest first: one value may be a part of another.
        found.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let here = found.iter().find(|(value, _)| {
                text[at..].starts_with(value.as_str())
                    && (value.len() >= LONG || is_word(text, at, at + value.len()))
            });
            match here {
                Some((value, instead)) => {
                    out.push_str(instead);
                    at += value.len();
                }
                None => {
                    out.push(c);
                    at += c.len_utf8();
                }
            }
        }
        Cow::Owned(out)
    }
}

/// Whether a part of a text has no letter or digit right before or behind it.
fn is_word(text: &str, start: usize, end: usize) -> bool {
    let inner = |c: char| c.is_alphanumeric();
    !text[..start].chars().next_back().is_some_and(inner) && !text[end..].chars().next().is_some_and(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in [
            "POSTGRES_PASSWORD",
            "api_key",
            "GH_TOKEN",
            "MYSQL_PWD",
            "SMTP_PW",
            "JWT",
            "SALT",
            "PIN",
            "COOKIE",
            "WEBHOOK",
            "SLACK_WEBHOOK_URL",
            "clientSecret",
            "REDIS_AUTH",
            "PGPASSWORD",
            "SENTRY_DSN",
            "--requirepass",
            "dbPass",
            "SESSION_KEY",
            "aws.secret-access-key",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "LOG_LEVEL",
            "PORT",
            "PWD",
            "OLDPWD",
            "AUTHOR",
            "KEYCLOAK_URL",
            "COMPASS",
            "SPIN",
            "TOKEN_TTL",
            "POSTGRES_PASSWORD_FILE",
            "PASSENGER",
            "",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn texts_that_may_hold_secrets() {
        for text in [
            "postgres://app:hunter2@db/x",
            "redis-server --requirepass x",
            "sh -c 'PASSWORD=x run'",
            "token: x",
        ] {
            assert!(looks_secret(text), "{text}");
        }
        for text in [
            "http://example.com:80/@x",
            "serve --fast",
            "sleep 1000",
            "/run/secrets/db_password",
            "token",
            "echo password",
        ] {
            assert!(!looks_secret(text), "{text}");
        }
    }

    #[test]
    fn variables_are_found_in_what_is_written() {
        assert_eq!(references("a${PW}b$X ${A:-${B}} $$C $$${D} $1 ${PW}"), ["PW", "X", "A", "B", "D"]);
        assert!(references("no $ here $$PW").is_empty());
    }

    #[test]
    fn values_are_replaced_and_the_rest_stays() {
        let mut hidden = Redactor::new();
        assert_eq!(hidden.apply("hunter2secret"), "hunter2secret");
        hidden.hide("hunter2secret", "${PW}");
        hidden.hide("hunter2secret-more", "${LONG}");
        hidden.hide("1234", "${PIN}");
        hidden.hide("abc", "${SHORT}");
        hidden.hide("first line of it\nx\nsecond line", HIDDEN);
        hidden.hide("say \"hello\"", "${Q}");
        for (text, shown) in [
            ("postgres://app:hunter2secret@db", "postgres://app:${PW}@db"),
            ("-phunter2secret-more.", "-p${LONG}."),
            ("1234 x1234 12345 :1234/", "${PIN} x1234 12345 :${PIN}/"),
            ("abc", "abc"),
            ("the second line", "the [hidden]"),
            ("\"say \\\"hello\\\"\" and say \"hello\"", "\"${Q}\" and ${Q}"),
            ("ähunter2secretü", "ä${PW}ü"),
        ] {
            assert_eq!(hidden.apply(text), shown);
        }
        assert_eq!(format!("{:?}", Redactor::default()), "Redactor(0 values)");
    }
}
