//! What `ls` prints: projects as a table or as JSON.

use serde::Serialize;
use serde_json::Value as Json;

use super::{clean, table, template};

/// One project.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProjectRow {
    /// Its name.
    pub name: String,
    /// `exited(1), running(2)`.
    pub status: String,
    /// Its Compose files, joined with `,`.
    pub config_files: String,
}

/// A form that isn't there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("format value \"{0}\" could not be parsed: parsing failed; write table or json")]
pub struct UnknownForm(String);

/// The list in the order it is given.
pub fn render(rows: &[ProjectRow], format: &str, quiet: bool) -> Result<String, UnknownForm> {
    if quiet {
        return Ok(rows.iter().map(|row| format!("{}\n", clean::line(&row.name))).collect());
    }
    match format.to_lowercase().as_str() {
        "" | "table" | "pretty" => {
            let cells = |row: &ProjectRow| {
                [&row.name, &row.status, &row.config_files]
                    .map(|cell| clean::line(cell).into_owned())
                    .to_vec()
            };
            let heading = ["NAME", "STATUS", "CONFIG FILES"].map(str::to_owned).to_vec();
            let lines: Vec<Vec<String>> = std::iter::once(heading).chain(rows.iter().map(cells)).collect();
            Ok(table::layout(&lines, 20, 3))
        }
        "json" => {
            let list: Vec<Json> = rows.iter().map(|row| serde_json::json!(row)).collect();
            Ok(clean::json(&template::go_json(&Json::Array(list))).into_owned() + "\n")
        }
        _ => Err(UnknownForm(format.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_clean() {
        let hostile = || clean::HOSTILE.to_owned();
        let rows = [ProjectRow { name: hostile(), status: hostile(), config_files: hostile() }];
        for (format, quiet) in [("table", false), ("json", false), ("table", true)] {
            let text = render(&rows, format, quiet).expect("text");
            assert!(clean::is_clean(&text) && !text.contains('\t'), "{text:?}");
        }
    }

    #[test]
    fn the_forms() {
        let rows = [ProjectRow {
            name: "p".into(),
            status: "exited(1), running(2)".into(),
            config_files: "/a/compose.yaml".into(),
        }];
        assert_eq!(
            render(&rows, "table", false).expect("text"),
            "NAME                STATUS                  CONFIG FILES\n\
             p                   exited(1), running(2)   /a/compose.yaml\n"
        );
        assert_eq!(
            render(&rows, "json", false).expect("text"),
            "[{\"Name\":\"p\",\"Status\":\"exited(1), running(2)\",\"ConfigFiles\":\"/a/compose.yaml\"}]\n"
        );
        assert_eq!(render(&rows, "table", true).expect("text"), "p\n");
        assert_eq!(render(&[], "json", false).expect("text"), "[]\n");
        assert!(render(&rows, "foo", false).is_err());
    }
}
