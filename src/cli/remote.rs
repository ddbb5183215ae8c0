//! Remote files: who the user is to registries, and the questions before a project from elsewhere is run.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::env_vars::Process;
use super::exit;
use super::front::Front;
use super::global::Global;
use crate::app::load::{LoadRequest, Loaded};
use crate::app::remote::stack::{self, Stack};
use crate::app::remote::{Credentials, Login, Remote, Setup};
use crate::base::secret::HIDDEN;
use crate::docker;
use crate::ui::mode::Mode;
use crate::ui::{self, clean, terminal};

/// The credentials of the Docker client's configuration.
struct Known(docker::Credentials);

impl Credentials for Known {
    fn login(&self, domain: &str) -> Result<Option<Login>, String> {
        Ok(self.0.find(domain)?.map(|found| match found {
            docker::Credential::Password { username, password } => Login::Password { username, password },
            docker::Credential::IdentityToken(token) => Login::IdentityToken(token),
        }))
    }
}

/// The user's own directory for what can be had again.
pub fn cache_home(process: &Process) -> Option<PathBuf> {
    match process.get("XDG_CACHE_HOME").map(PathBuf::from) {
        // The base directory specification wants relative values ignored.
        Some(path) if path.is_absolute() => Some(path),
        _ => process.home.as_ref().map(|home| home.join(".cache")),
    }
}

/// The sources of remote files for this run; nothing is touched before the first one is named.
pub fn sources(global: &Global, process: &Process, config: &docker::Config) -> Remote {
    Remote::new(Setup {
        cache_home: cache_home(process),
        environment: process.environment.clone(),
        insecure_registries: global.insecure_registry.clone(),
        credentials: Arc::new(Known(docker::Credentials::new(config))),
    })
}

impl Front {
    /// Asks before a project from elsewhere is run; `false` when the answer is no, which was told.
    pub fn agrees(&self, wanted: &LoadRequest, loaded: &Loaded, yes: bool) -> bool {
        let Some(stack) = stack::look(wanted, loaded, &self.disk, self.remote()) else { return true };
        let agreed = self.ask(&stack, yes);
        if !agreed {
            self.fail("operation cancelled by user");
        }
        agreed
    }

    /// The questions, in the reference's order and words.
    fn ask(&self, stack: &Stack, yes: bool) -> bool {
        if !yes && !stack.includes.is_empty() {
            let list: String =
                stack.includes.iter().map(|written| format!("  - {}\n", clean::line(written))).collect();
            let shown = self.shows(&format!(
                "\nWarning: This Compose project includes files from remote sources:\n{list}\n\
                 Remote includes could potentially be malicious. Make sure you trust the source.\n"
            ));
            if !shown || !confirm("Do you want to continue?", false) {
                return false;
            }
        }
        if !matches!(self.mode, Mode::Quiet | Mode::Json) {
            let place = format!(
                "Your compose stack \"{}\" is stored in \"{}\"\n",
                clean::line(&stack.reference),
                clean::line(&stack.directory.to_string_lossy())
            );
            if !self.shows(&place) {
                return false;
            }
        }
        if yes || stack.variables.is_empty() {
            return true;
        }
        self.shows(&format!(
            "\nFound the following variables in configuration:\n{}",
            table(stack, self.global.show_values)
        )) && confirm("\nDo you want to proceed with these variables?", true)
    }

    /// Prints; whether it could.
    fn shows(&self, text: &str) -> bool {
        self.print(text, exit::OK) == exit::OK
    }
}

fn confirm(question: &str, default: bool) -> bool {
    let terminal = terminal::stdin_is_terminal();
    ui::prompt::confirm(question, default, terminal, &mut io::stdin().lock(), &mut io::stdout())
        .unwrap_or(false)
}

/// The variables with where they come from. What someone set may be secret: only `show_values` shows it.
fn table(stack: &Stack, show_values: bool) -> String {
    let rows = stack.variables.iter().map(|variable| {
        let required = if variable.required { "yes" } else { "no" };
        let value = match variable.value.as_deref() {
            None => "<unset>",
            Some(value) if show_values || value == variable.default => value,
            Some(_) => HIDDEN,
        };
        [&variable.name, value, variable.source, required, &variable.default]
            .map(|cell| clean::line(cell).into_owned())
            .to_vec()
    });
    let head = ["VARIABLE", "VALUE", "SOURCE", "REQUIRED", "DEFAULT"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    ui::table::layout(&rows, 0, 3)
}
