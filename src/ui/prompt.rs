//! Questions with yes or no.

use std::io::{BufRead, Write};

use super::clean;

/// Asks and reads one line. An empty answer or no answer at all means no, whatever the capital letter
/// in the brackets says, when nobody sits at a terminal; there it means the default.
pub fn confirm(
    question: &str,
    default: bool,
    terminal: bool,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> std::io::Result<bool> {
    let choice = if default { "[Y/n]" } else { "[y/N]" };
    write!(output, "{} {choice}: ", clean::line(question))?;
    output.flush()?;
    let mut answer = String::new();
    input.read_line(&mut answer)?;
    if !terminal {
        writeln!(output)?;
    }
    Ok(match answer.trim().to_lowercase().as_str() {
        "" => default && terminal,
        "y" | "yes" => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(answer: &str, default: bool, terminal: bool) -> bool {
        let mut out = Vec::new();
        confirm("Sure?", default, terminal, &mut answer.as_bytes(), &mut out).unwrap()
    }

    #[test]
    fn a_hostile_question_is_clean() {
        let mut out = Vec::new();
        confirm(clean::HOSTILE, false, true, &mut "".as_bytes(), &mut out).unwrap();
        assert!(clean::is_clean(&String::from_utf8(out).unwrap()));
    }

    #[test]
    fn silence_is_no_unless_someone_sits_there() {
        assert!(!ask("", false, true));
        assert!(!ask("", true, false));
        assert!(ask("\n", true, true));
        assert!(ask("Yes\n", false, false));
        assert!(!ask("nope\n", true, true));
    }
}
