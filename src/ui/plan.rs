//! A plan for people: signs, subjects, reasons, and where the files ask for it.

use console::{Style, measure_text_width};

use crate::plan::{Printed, PrintedLine, Sign};

/// The plan as text, columns aligned, with colours when asked.
pub fn text(printed: &Printed, colours: bool) -> String {
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
        printed.lines.iter().map(|line| measure_text_width(cell(line))).max().unwrap_or(0)
    };
    let (subjects, actions) = (widest(|l| &l.subject), widest(|l| &l.action));
    let mut out = String::new();
    for line in &printed.lines {
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
        out += &format!("{} {hazard}\n", alarm.apply_to('!'));
    }
    out += &format!("Plan: {}\n", printed.summary);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

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
            hazards: vec!["volume x is removed with its data".into()],
            summary: "1 to create, 1 unchanged".into(),
        };
        assert_eq!(
            text(&printed, false),
            "+ network a_default  create  missing  f:1:1\n= container b        keep\n! volume x is removed with its data\nPlan: 1 to create, 1 unchanged\n"
        );
    }
}
