//! A plan for people: signs, subjects, reasons, and where the files ask for it.

use console::{Style, measure_text_width};

use super::clean;
use crate::plan::{Printed, PrintedLine, Sign};

/// The plan for machines, with its line breaks.
pub fn json(plan: &serde_json::Value) -> String {
    clean::json(&format!("{plan:#}\n")).into_owned()
}

/// The plan as text, columns aligned, with colours when asked.
pub fn text(printed: &Printed, colours: bool) -> String {
    let clean = |text: &str| clean::line(text).into_owned();
    let lines: Vec<PrintedLine> = printed
        .lines
        .iter()
        .map(|line| PrintedLine {
            sign: line.sign,
            subject: clean(&line.subject),
            action: clean(&line.action),
            reason: clean(&line.reason),
            place: clean(&line.place),
        })
        .collect();
    let style = |sign: Sign| {
        let style = Style::new().force_styling(colours);
        match sign {
            Sign::Create => style.green(),
            Sign::Change => style.yellow(),
            Sign::Remove => style.red(),
            Sign::Act => style.cyan(),
            Sign::Keep => style.dim(),
        }
    };
    let dim = Style::new().force_styling(colours).dim();
    let widest = |cell: fn(&PrintedLine) -> &str| {
        lines.iter().map(|line| measure_text_width(cell(line))).max().unwrap_or(0)
    };
    let (subjects, actions) = (widest(|l| &l.subject), widest(|l| &l.action));
    let mut out = String::new();
    for line in &lines {
        let pad = |text: &str, width: usize| " ".repeat(width - measure_text_width(text));
        let sign = style(line.sign);
        let mut row = format!(
            "{} {}{}  {}",
            sign.apply_to(line.sign.character()),
            line.subject,
            pad(&line.subject, subjects),
            sign.apply_to(&line.action),
        );
        if !line.reason.is_empty() || !line.place.is_empty() {
            row += &pad(&line.action, actions);
        }
        if !line.reason.is_empty() {
            row += &format!("  {}", line.reason);
        }
        if !line.place.is_empty() {
            row += &format!("  {}", dim.apply_to(&line.place));
        }
        out += row.trim_end();
        out.push('\n');
    }
    let alarm = Style::new().force_styling(colours).red().bold();
    for hazard in &printed.hazards {
        out += &format!("{} {}\n", alarm.apply_to('!'), clean(hazard));
    }
    out += &format!("Plan: {}\n", printed.summary);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_words_are_clean() {
        let hostile = || clean::HOSTILE.to_owned();
        let line = PrintedLine {
            sign: Sign::Create,
            subject: hostile(),
            action: hostile(),
            reason: hostile(),
            place: hostile(),
        };
        let printed = Printed {
            lines: vec![line],
            hazards: vec![hostile()],
            warnings: Vec::new(),
            summary: String::new(),
        };
        let text = text(&printed, false);
        assert!(clean::is_clean(&text) && text.lines().count() == 3, "{text:?}");
    }

    #[test]
    fn a_plan_is_aligned() {
        let line = |sign, subject: &str, action: &str, reason: &str, place: &str| PrintedLine {
            sign,
            subject: subject.into(),
            action: action.into(),
            reason: reason.into(),
            place: place.into(),
        };
        let printed = Printed {
            lines: vec![
                line(Sign::Create, "network a_default", "create", "missing", "f:1:1"),
                line(Sign::Keep, "container b", "keep", "", ""),
            ],
            warnings: Vec::new(),
            hazards: vec!["volume x is removed with its data".into()],
            summary: "1 to create, 1 unchanged".into(),
        };
        assert_eq!(
            text(&printed, false),
            "+ network a_default  create  missing  f:1:1\n= container b        keep\n! volume x is removed with its data\nPlan: 1 to create, 1 unchanged\n"
        );
    }
}
