//! `ls`: projects as a table or as JSON.

use serde::Serialize;

use super::table;

/// One project.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProjectRow {
    /// Its name.
    pub name: String,
    /// `exited(1), running(2)`.
    pub status: String,
    /// Its Compose files, joined with `,`.
    pub config_files: String,
}

/// The form asked for is unknown.
#[derive(Debug, thiserror::Error)]
#[error("format value \"{0}\" could not be parsed: it is table or json")]
pub struct UnknownFormat(String);

/// The text that `ls` prints.
pub fn render(rows: &[ProjectRow], format: &str, quiet: bool) -> Result<String, UnknownFormat> {
    if quiet {
        return Ok(rows.iter().map(|row| format!("{}\n", row.name)).collect());
    }
    match format {
        "" | "table" => {
            let mut cells = vec![["NAME", "STATUS", "CONFIG FILES"].map(str::to_owned).to_vec()];
            cells.extend(
                rows.iter().map(|row| vec![row.name.clone(), row.status.clone(), row.config_files.clone()]),
            );
            Ok(table::layout(&cells, 20, 3))
        }
        "json" => Ok(format!("{}\n", super::template::go_json(&serde_json::json!(rows)))),
        other => Err(UnknownFormat(other.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_in_every_form() {
        let row =
            ProjectRow { name: "shop".into(), status: "running(2)".into(), config_files: "/s/c.yaml".into() };
        let told = |format, quiet| render(std::slice::from_ref(&row), format, quiet);
        assert_eq!(
            told("table", false).unwrap(),
            "NAME                STATUS              CONFIG FILES\nshop                running(2)          /s/c.yaml\n"
        );
        assert_eq!(
            told("json", false).unwrap(),
            "[{\"Name\":\"shop\",\"Status\":\"running(2)\",\"ConfigFiles\":\"/s/c.yaml\"}]\n"
        );
        assert_eq!(told("table", true).unwrap(), "shop\n");
        assert!(told("xml", false).is_err());
    }
}
