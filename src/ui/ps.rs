//! wip
use crate::state::ObservedContainer;
/// wip
pub struct PsOptions {
    /// f
    pub format: String,
    /// f
    pub quiet: bool,
    /// f
    pub services: bool,
    /// f
    pub no_trunc: bool,
    /// f
    pub now: i64,
}
/// wip
pub fn render(c: &[ObservedContainer], _: &PsOptions) -> Result<String, String> {
    Ok(c.iter().map(|c| format!("{} {}\n", c.name, c.status)).collect())
}
