//! `lint`.

use clap::{Args, ValueEnum};

use crate::app::lint::{LintRequest, lint, why};
use crate::app::load::LoadRequest;
use crate::app::request::Facts;
use crate::cli::exit;
use crate::cli::front::Front;
use crate::diag::Severity;
use crate::docker;
use crate::ui::{self, terminal};

/// Find likely mistakes in valid Compose files
///
/// Findings can be silenced by code or slug: with --allow, with `x-rcompose: {lint: {allow: [latest-tag]}}` at the
/// top of a file or in a service, or with a comment at the line, `# rcompose: allow latest-tag`. The exit code is 1
/// when there is a finding of at least the severity of --fail-on, else 0.
#[derive(Args, Clone, Debug)]
pub struct Lint {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Silence findings with this code or slug; several are separated by commas
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub allow: Vec<String>,

    /// Output format; `json` is one object per line
    #[arg(long, value_name = "FORM", value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Lowest severity that makes the exit code 1
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t = Worst::Warning)]
    pub fail_on: Worst,
}

/// Forms of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
    /// SARIF 2.1.0.
    Sarif,
}

/// Severities, in the order in which they get worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Worst {
    /// Any finding.
    Note,
    /// Warnings and errors.
    Warning,
    /// Errors only.
    Error,
}

/// Runs `lint`.
pub fn run(front: &Front, args: &Lint) -> u8 {
    let mut load = LoadRequest::full(front.request(), args.services.clone());
    load.keep_unused = true;
    let facts = Facts {
        compatibility: front.global.compatibility,
        remote_engine: docker::is_remote(&front.docker_config()),
        ..Facts::default()
    };
    load.show_values = front.global.show_values;
    let request = LintRequest { load, allow: args.allow.clone(), facts };
    let linted = lint(&request, front.reading());
    let (findings, sources) = (&linted.findings, &linted.sources);
    let text = match args.format {
        Format::Text => {
            let look = ui::diag::Look {
                styled: front.colours_out(),
                width: terminal::stdout_width(),
                show_values: front.global.show_values,
            };
            Ok(ui::diag::draw(findings, sources, look))
        }
        Format::Json => ui::diag::json_lines(findings, sources),
        Format::Sarif => ui::sarif::render(findings, sources, &why),
    };
    let worst = match args.fail_on {
        Worst::Note => Severity::Note,
        Worst::Warning => Severity::Warning,
        Worst::Error => Severity::Error,
    };
    let code = if linted.has(worst) { exit::ERROR } else { exit::OK };
    match text {
        Ok(text) => front.print(&text, code),
        Err(error) => front.fail(error.to_string()),
    }
}
