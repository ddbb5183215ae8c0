//! wip
/// wip
pub struct ProjectRow {
    /// f
    pub name: String,
    /// f
    pub status: String,
    /// f
    pub config_files: String,
}
/// wip
pub fn render(r: &[ProjectRow], _: &str, _: bool) -> Result<String, String> {
    Ok(r.iter().map(|r| format!("{} {} {}\n", r.name, r.status, r.config_files)).collect())
}
