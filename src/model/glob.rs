//! Patterns for service names: `*`, `?`, `[a-z]`, `[^a]`, and `\` before a character to take as it is.

/// Whether a text has any of the pattern's signs.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Whether the whole name fits the pattern; a malformed pattern fits nothing.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    fits(&pattern, &name)
}

fn fits(pattern: &[char], name: &[char]) -> bool {
    match (pattern, name) {
        ([], rest) => rest.is_empty(),
        (['*', more @ ..], _) => {
            // Several stars in a row are one, so that they don't multiply the work.
            let more = &more[more.iter().take_while(|c| **c == '*').count()..];
            more.is_empty() || (0..=name.len()).any(|from| fits(more, &name[from..]))
        }
        (['?', more @ ..], [_, rest @ ..]) => fits(more, rest),
        (['[', more @ ..], [c, rest @ ..]) => {
            class(more, *c).is_some_and(|(inside, more)| inside && fits(more, rest))
        }
        (['\\', literal, more @ ..], [c, rest @ ..]) => literal == c && fits(more, rest),
        ([literal, more @ ..], [c, rest @ ..]) => literal == c && fits(more, rest),
        (_, []) => false,
    }
}

/// Whether a character is in the class that starts after a `[`, and what follows the class.
fn class(mut rest: &[char], c: char) -> Option<(bool, &[char])> {
    let negated = rest.first() == Some(&'^');
    if negated {
        rest = &rest[1..];
    }
    let (mut inside, mut first) = (false, true);
    loop {
        match rest {
            [']', more @ ..] if !first => return Some((inside != negated, more)),
            [low, '-', high, more @ ..] if *high != ']' => {
                inside |= (*low..=*high).contains(&c);
                rest = more;
            }
            ['\\', one, more @ ..] | [one, more @ ..] => {
                inside |= *one == c;
                rest = more;
            }
            [] => return None,
        }
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn names_fit_patterns_as_a_whole() {
        for (pattern, name, fits) in [
            ("w*", "web", true),
            ("*b", "web", true),
            ("w?b", "web", true),
            ("w[a-f]b", "web", true),
            ("w[^a-f]b", "web", false),
            ("w", "web", false),
            ("**", "", true),
            ("[", "[", false),
            (r"\*", "*", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
