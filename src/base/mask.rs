//! The text of a file with stars in the place of values whose names say that they are secret: what is drawn of a
//! file ends in logs. Every byte keeps its place.

use std::borrow::Cow;
use std::ops::Range;

use super::secret::is_secret_name;

/// Keys of Compose files that only sound secret.
const KEYS: [&str; 3] = ["secrets", "secret", "credential_spec"];

/// The text without those values.
pub fn masked(text: &str) -> Cow<'_, str> {
    let mut values: Vec<Range<usize>> = Vec::new();
    // The indentation of a secret-like key whose value is a block of lines.
    let mut block: Option<usize> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '-']).len();
        let blank = line.trim().is_empty();
        if block.is_some_and(|outer| !blank && indent <= outer) {
            block = None;
        }
        match block {
            Some(_) => values.push(start..start + line.trim_end().len()),
            None => {
                let found = in_line(line);
                let last = found.last().map(|value| line[value.clone()].trim());
                if last.is_some_and(|value| value.starts_with(['|', '>'])) {
                    block = Some(indent);
                }
                values.extend(found.into_iter().map(|value| start + value.start..start + value.end));
            }
        }
        start += line.len();
    }
    if values.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for value in values {
        out.push_str(&text[at..value.start]);
        star(&text[value.clone()], &mut out);
        at = value.end;
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

/// The values of secret-like names in one line, in their order.
fn in_line(line: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let end = line.trim_end().len();
    for (at, c) in line.char_indices() {
        if found.last().is_some_and(|last| at < last.end) {
            continue;
        }
        let after = &line[at + c.len_utf8()..];
        let separates = match c {
            '=' => true,
            ':' => after.starts_with([' ', '\t', '\n', '\r']) || after.is_empty(),
            // An option and its value: `--requirepass x`.
            ' ' => word_before(&line[..at]).starts_with('-'),
            _ => false,
        };
        let until = line[..at].trim_end_matches(['"', '\'']);
        let name = word_before(until);
        if separates && !KEYS.contains(&name) && is_secret_name(name) {
            let from = at + c.len_utf8() + (after.len() - after.trim_start_matches([' ', '\t']).len());
            if from < end {
                let before = &until[..until.len() - name.len()];
                let ends = Ends {
                    quote: before
                        .chars()
                        .next_back()
                        .filter(|c| matches!(c, '"' | '\''))
                        .filter(|_| c == '='),
                    flow: before.contains(['{', '[']),
                    word: c == ' ',
                };
                found.push(from..from + value_length(&line[from..end], &ends));
            }
        } else if after.starts_with("//") && c == ':' {
            // The password of an address.
            let address = at + 3;
            let length = line[address..end].find(['/', '"', '\'', ' ', ',']).unwrap_or(end - address);
            let user = line[address..address + length].rsplit_once('@').map(|(user, _)| user);
            if let Some((name, password)) = user.and_then(|user| user.split_once(':')) {
                let from = address + name.len() + 1;
                found.push(from..from + password.len());
            }
        }
    }
    found
}

/// Characters of a key that are looked at: on a line that is one long word, each place would scan all before it.
const LONGEST_WORD: usize = 200;

/// The name that ends here.
fn word_before(text: &str) -> &str {
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let start = text
        .char_indices()
        .rev()
        .take(LONGEST_WORD)
        .take_while(|(_, c)| inner(*c))
        .last()
        .map_or(text.len(), |(at, _)| at);
    &text[start..]
}

/// What ends a value.
struct Ends {
    /// The quote that was opened before its name.
    quote: Option<char>,
    /// The separators and brackets of a flow collection.
    flow: bool,
    /// A blank.
    word: bool,
}

/// How long the value at the beginning of a text is.
fn value_length(text: &str, ends: &Ends) -> usize {
    if let Some(quote) = ends.quote {
        return text.find(quote).unwrap_or(text.len());
    }
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        return text[1..].find(quote).map_or(text.len(), |at| at + 2);
    }
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '{' if before == '$' || depth > 0 => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' | ']' if depth == 0 && ends.flow => return at,
            '#' if before == ' ' => return text[..at].trim_end().len(),
            ' ' | '"' | '\'' if ends.word => return at,
            _ => {}
        }
        before = c;
    }
    text.len()
}

/// Stars for everything but quotes, brackets, blanks and the names of variables.
fn star(value: &str, out: &mut String) {
    let mut rest = value;
    while let Some(c) = rest.chars().next() {
        if c == '$' {
            let brace = usize::from(rest[1..].starts_with('{'));
            let name =
                rest[1 + brace..].bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
            let signs =
                rest[1 + brace + name..].bytes().take_while(|b| matches!(b, b':' | b'-' | b'?' | b'+'));
            let kept = 1 + brace + name + if brace == 1 { signs.count() } else { 0 };
            out.push_str(&rest[..kept]);
            rest = &rest[kept..];
            continue;
        }
        match c {
            '"' | '\'' | '{' | '}' | '[' | ']' | ',' | '|' | '>' => out.push(c),
            c if c.is_whitespace() => out.push(c),
            c => out.extend(std::iter::repeat_n('*', c.len_utf8())),
        }
        rest = &rest[c.len_utf8()..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_values_are_stars_and_bytes_keep_their_places() {
        for (text, shown) in [
            ("  MYSQL_PWD: hunter2 # why\n", "  MYSQL_PWD: ******* # why\n"),
            ("- \"API_KEY=a,b\"\n", "- \"API_KEY=*,*\"\n"),
            ("- API_KEY=a,b\n", "- API_KEY=*,*\n"),
            ("- DB_PASSWORD='x y'\n", "- DB_PASSWORD='* *'\n"),
            ("{JWT: abc, LOG: info, \"PIN\": \"12\"}", "{JWT: ***, LOG: info, \"PIN\": \"**\"}"),
            ("PW: ${PW:-secret}x\n", "PW: ${PW:-******}*\n"),
            ("PW: ${PW\n", "PW: ${PW\n"),
            ("PW: $PW\n", "PW: $PW\n"),
            (
                "command: redis --requirepass hunter2 --port 1",
                "command: redis --requirepass ******* --port 1",
            ),
            ("url: postgres://app:hünter@db/x", "url: postgres://app:*******@db/x"),
            ("SECRET_KEY: |\n  line one\n\n  two\nLOG: x\n", "SECRET_KEY: |\n  **** ***\n\n  ***\nLOG: x\n"),
            (
                "secrets: [db_password]\nLOG: a\nhttp://x:80/\n",
                "secrets: [db_password]\nLOG: a\nhttp://x:80/\n",
            ),
            ("PASSWORD:\n", "PASSWORD:\n"),
            ("PASSWORD: [a, b]\n", "PASSWORD: [*, *]\n"),
        ] {
            let found = masked(text);
            assert_eq!(found, shown);
            assert_eq!(found.len(), text.len());
        }
        assert!(matches!(masked("LOG: info\n"), Cow::Borrowed(_)));
    }
}
