//! Splitting a command line into words the way Compose does, which is not the way of a POSIX shell.

/// A command line with an open quote, a trailing backslash or stray parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid command line string")]
pub struct ShellError;

/// What may open and must close again.
#[derive(Clone, Copy, Default)]
struct Open {
    double: bool,
    single: bool,
    /// Between backticks, which stay in the word.
    back: bool,
    /// Inside `$(…)`, which stays in the word.
    dollar: bool,
}

impl Open {
    fn any(self) -> bool {
        self.double || self.single || self.back || self.dollar
    }
}

/// Splits at blanks. Quotes group and vanish, a backslash keeps the next character (`\n` and `\t` are a
/// newline and a tab), and everything from the first unquoted `;`, `&`, `|`, `<` or `>` on is dropped.
pub fn split(line: &str) -> Result<Vec<String>, ShellError> {
    let mut words = Vec::new();
    let mut word = String::new();
    // An empty quoted word counts too, so "there is a word" is a fact of its own.
    let mut started = false;
    let mut open = Open::default();
    let mut escaped = false;
    for c in line.chars() {
        if escaped {
            match c {
                // What a command substitution holds stays as it is.
                _ if open.back || open.dollar => word.extend(['\\', c]),
                't' => word.push('\t'),
                'n' => word.push('\n'),
                other => word.push(other),
            }
            escaped = false;
            started = true;
            continue;
        }
        match c {
            '\\' if open.single => {
                word.push(c);
                continue;
            }
            '\\' => {
                escaped = true;
                continue;
            }
            ' ' | '\t' | '\r' | '\n' => {
                if open.any() {
                    word.push(c);
                } else if started {
                    words.push(std::mem::take(&mut word));
                    started = false;
                }
                continue;
            }
            '`' if !open.single && !open.double && !open.dollar => open.back = !open.back,
            ')' if !open.single && !open.double && !open.back => {
                if !open.dollar {
                    return Err(ShellError);
                }
                open.dollar = false;
            }
            '(' if !open.single && !open.double && !open.back => {
                if open.dollar || !word.ends_with('$') {
                    return Err(ShellError);
                }
                open.dollar = true;
                word.push(c);
                continue;
            }
            '"' if !open.single && !open.back && !open.dollar => {
                started |= open.double;
                open.double = !open.double;
                continue;
            }
            '\'' if !open.double && !open.back && !open.dollar => {
                started |= open.single;
                open.single = !open.single;
                continue;
            }
            ';' | '&' | '|' | '<' | '>' if !open.any() => {
                // `2>` names a file descriptor, not a word.
                if c == '>' && !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) {
                    started = false;
                }
                break;
            }
            _ => {}
        }
        started = true;
        word.push(c);
    }
    if started {
        words.push(word);
    }
    if escaped || open.any() { Err(ShellError) } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_split_as_the_reference_splits_them() {
        for (line, words) in [
            ("a 'b c' d", &["a", "b c", "d"][..]),
            (r"a\ b", &["a b"]),
            ("a ''", &["a", ""]),
            ("a # b", &["a", "#", "b"]),
            (r#""a\"b""#, &["a\"b"]),
            ("A=b c", &["A=b", "c"]),
            ("`ls x`", &["`ls x`"]),
            ("$(b c)", &["$(b c)"]),
            ("<a", &[]),
            ("a && b", &["a"]),
            ("a 2>b", &["a"]),
            ("x2>y", &["x2"]),
            ("a 2x>y", &["a", "2x"]),
            (r"a\nb", &["a\nb"]),
            ("a `\"b c\"`", &["a", "`\"b c\"`"]),
            (r"`a\`\t`", &[r"`a\`\t`"]),
            ("$(a 'b)", &["$(a 'b)"]),
            ("a \"2\">b", &["a"]),
            ("", &[]),
        ] {
            assert_eq!(split(line), Ok(words.iter().map(|w| (*w).to_owned()).collect()), "{line}");
        }
        for line in ["'a", "\"a", "a\\", "a (b)", "a)", "a ) b )", "`a"] {
            assert_eq!(split(line), Err(ShellError), "{line}");
        }
    }
}
