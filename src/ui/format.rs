//! Rows in the form `--format` asks for: a table, JSON lines, or a template.

use serde_json::Value as Json;

use super::template::{LABEL_MAP, Template, TemplateError, go_json};
use super::{clean, table};

/// A form that can't be shown.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Neither the name of a form nor a template: every row would be the same words.
    #[error(
        "format value \"{0}\" could not be parsed: write table, json or a template such as '{{{{.Name}}}}'"
    )]
    Unknown(String),
    /// A template that can't be read, or doesn't fit.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// Writes rows. `table` is the template of the usual table; `headings` has a text for each field.
pub fn render(rows: &[Json], headings: &Json, format: &str, table: &str) -> Result<String, FormatError> {
    if format.strip_prefix("table").unwrap_or(format).chars().any(|c| !c.is_whitespace())
        && format != "json"
        && !format.contains("{{")
    {
        return Err(FormatError::Unknown(format.to_owned()));
    }
    if format == "json" {
        return Ok(rows.iter().map(|row| clean::json(&go_json(row)).into_owned() + "\n").collect());
    }
    let rows: Vec<Json> = rows.iter().map(cleaned).collect();
    // The shell keeps `\t` as it was typed.
    let written = |text: &str| text.trim_matches(' ').replace("\\t", "\t").replace("\\n", "\n");
    let Some(asked) = format.strip_prefix("table") else {
        let template = Template::parse(&written(format))?;
        return rows.iter().map(|row| Ok(template.render(row)? + "\n")).collect();
    };
    let asked = written(asked);
    let template = Template::parse(if asked.is_empty() { table } else { &asked })?;
    let mut text = template.render(headings)? + "\n";
    for row in &rows {
        text.push_str(&template.render(row)?);
        text.push('\n');
    }
    let cells: Vec<Vec<String>> =
        text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    Ok(table::layout(&cells, 10, 3))
}

/// The same with every text in it clean: a template's own line breaks stay.
fn cleaned(value: &Json) -> Json {
    match value {
        Json::String(text) => Json::String(clean::line(text).into_owned()),
        Json::Array(items) => Json::Array(items.iter().map(cleaned).collect()),
        Json::Object(fields) => {
            let field = |(key, value): (&String, &Json)| match key == LABEL_MAP {
                // Only templates look into it, by this very key.
                true => (key.clone(), cleaned(value)),
                false => (clean::line(key).into_owned(), cleaned(value)),
            };
            Json::Object(fields.iter().map(field).collect())
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(format: &str) -> String {
        let rows = [json!({"Name": "a", "ID": "<1>"}), json!({"Name": "a-long-name", "ID": ""})];
        let headings = json!({"Name": "NAME", "ID": "CONTAINER ID"});
        render(&rows, &headings, format, "{{.Name}}\t{{.ID}}").expect("text")
    }

    #[test]
    fn hostile_fields_are_clean_in_every_form() {
        let rows = [json!({"Name": clean::HOSTILE, "Labels": {clean::HOSTILE: "x"}})];
        let headings = json!({"Name": "NAME"});
        for format in
            ["table", "json", "{{.Name}}", "{{range $k, $v := .Labels}}{{$k}}{{end}}", "{{json .Labels}}"]
        {
            let text = render(&rows, &headings, format, "{{.Name}}").expect("text");
            assert!(clean::is_clean(&text), "{format}: {text:?}");
        }
    }

    #[test]
    fn the_forms() {
        let table = "NAME          CONTAINER ID\na             <1>\na-long-name   \n";
        assert_eq!(shown("table"), table);
        assert_eq!(shown("table {{.Name}}\\t{{.ID}}"), table);
        assert_eq!(shown("table "), table);
        assert_eq!(shown("{{.ID}}\\t{{.Name}}"), "<1>\ta\n\ta-long-name\n");
        assert_eq!(shown("table\\t{{.Name}}"), "          NAME\n          a\n          a-long-name\n");
        assert_eq!(
            shown("json"),
            "{\"Name\":\"a\",\"ID\":\"\\u003c1\\u003e\"}\n{\"Name\":\"a-long-name\",\"ID\":\"\"}\n"
        );
        for nonsense in ["yaml", "TABLE", "tables", "table Name", "json "] {
            let refused = render(&[], &json!({}), nonsense, "{{.Name}}");
            assert_eq!(refused, Err(FormatError::Unknown(nonsense.to_owned())));
        }
    }
}
