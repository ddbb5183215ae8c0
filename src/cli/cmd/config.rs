//! `config`.

use clap::Args;

use crate::app::config::{ConfigError, Form, What};
use crate::app::digests;
use crate::app::explain::{ExplainError, Explainer};
use crate::app::load::{EnvFiles, LoadRequest, Loaded, load_recorded};
use crate::app::{self, Along};
use crate::cli::exit;
use crate::cli::front::Front;
use crate::ui::{self, table, terminal};

/// Check the Compose files and print the project in its full form
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Output format: yaml or json; with json, findings are printed as JSON too
    #[arg(long, value_name = "FORM", default_value = "")]
    pub format: String,

    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<std::path::PathBuf>,

    /// Validate only, print nothing
    #[arg(short, long)]
    pub quiet: bool,

    /// Don't interpolate variables
    #[arg(long)]
    pub no_interpolate: bool,

    /// Don't normalise the project: without default networks, names, implicit dependencies
    #[arg(long)]
    pub no_normalize: bool,

    /// Don't resolve paths
    #[arg(long)]
    pub no_path_resolution: bool,

    /// Don't check the consistency of the project
    #[arg(long)]
    pub no_consistency: bool,

    /// Don't read env files
    #[arg(long)]
    pub no_env_resolution: bool,

    /// Pin images to the digests their registries currently have
    #[arg(long)]
    pub resolve_image_digests: bool,

    /// Print an override file with the images and their digests only
    #[arg(long)]
    pub lock_image_digests: bool,

    /// Print the names of the services, one per line
    #[arg(long = "services", id = "list_services")]
    pub list_services: bool,

    /// Print the names of the volumes, one per line
    #[arg(long)]
    pub volumes: bool,

    /// Print the names of the networks, one per line
    #[arg(long)]
    pub networks: bool,

    /// Print the images, one per line
    #[arg(long)]
    pub images: bool,

    /// Print the models, one per line
    #[arg(long)]
    pub models: bool,

    /// Print the names of all profiles, one per line
    #[arg(long)]
    pub profiles: bool,

    /// Print the config hash of these services (comma-separated), or of all with `*`
    #[arg(long, value_name = "SERVICES")]
    pub hash: Option<String>,

    /// Print the variables the files use, with their defaults
    #[arg(long)]
    pub variables: bool,

    /// Print the environment used for interpolation
    #[arg(long)]
    pub environment: bool,

    /// Explain where the value at a path comes from, such as services.web.environment.TAG or services.web.ports[0]
    #[arg(long, value_name = "PATH", conflicts_with_all = ["no_interpolate", "quiet", "origins", "resolve_image_digests", "lock_image_digests"])]
    pub explain: Option<String>,

    /// Print the project with the origin of each value in a comment
    #[arg(long, conflicts_with_all = ["no_interpolate", "quiet", "format", "resolve_image_digests", "lock_image_digests"])]
    pub origins: bool,
}

impl Config {
    /// What is to be printed.
    pub fn what(&self, compatibility: bool) -> What {
        // The first that is set wins, in the reference's order.
        match () {
            () if self.list_services => What::Services,
            () if self.volumes => What::Volumes,
            () if self.networks => What::Networks,
            () if self.models => What::Models,
            () if self.hash.as_deref().is_some_and(|names| !names.is_empty()) => {
                What::Hash(self.hash.clone().unwrap_or_default())
            }
            () if self.profiles => What::Profiles,
            () if self.images => What::Images(compatibility),
            () if self.variables => What::Variables,
            () if self.environment => What::Environment,
            () => What::Project,
        }
    }
}

/// Runs `config`.
pub fn run(front: &Front, config: &Config) -> u8 {
    let what = config.what(front.global.compatibility);
    let form = match (config.format.as_str(), &what) {
        ("", What::Variables) => Form::Table,
        ("" | "yaml", _) => Form::Yaml,
        ("json", _) => Form::Json,
        (other, What::Variables) => {
            return front.fail(format!("format value \"{other}\" could not be parsed: parsing failed"));
        }
        (other, _) => return front.fail(format!("unsupported format \"{other}\"")),
    };
    let whole = matches!(what, What::Project | What::Variables);
    let no_interpolate = config.no_interpolate || what == What::Variables;
    // Lists other than that of the services are those of a project, even one with its variables unreplaced.
    let raw = no_interpolate && (whole || what == What::Services);
    let mut request = front.request();
    request.no_interpolate = no_interpolate;
    request.no_normalize = config.no_normalize || front.global.compatibility;
    let named =
        !matches!(what, What::Services | What::Volumes | What::Networks | What::Models | What::Hash(_));
    let lists_only = matches!(what, What::Services | What::Volumes | What::Networks | What::Models);
    let wanted = LoadRequest {
        services: if named { config.services.clone() } else { Vec::new() },
        along: Along::Dependencies,
        interpolate: !no_interpolate,
        bind: !raw,
        normalize: !request.no_normalize,
        resolve_paths: !config.no_path_resolution,
        validate: what != What::Variables,
        consistency: !config.no_consistency,
        container_names: what == What::Project,
        env_files: match &what {
            _ if config.no_env_resolution || lists_only => EnvFiles::None,
            What::Hash(names) if names != "*" => {
                EnvFiles::Named(names.split(',').map(str::to_owned).collect())
            }
            _ => EnvFiles::All,
        },
        keep_unused: false,
        show_values: front.global.show_values,
        request,
    };
    if raw && whole && !config.services.is_empty() {
        front.warn(match what {
            What::Variables => {
                "service filtering is not applied when --variables is set, variables from the full model will \
                 be rendered"
            }
            _ => {
                "service filtering is not applied when --no-interpolate is set, the full model will be rendered"
            }
        });
    }
    if config.explain.is_some() || config.origins {
        return match with_origins(front, config, &wanted, form) {
            Ok(text) => write(front, config.output.as_ref(), text),
            Err(code) => code,
        };
    }
    let Some(mut loaded) = front.check(wanted) else { return exit::ERROR };
    if what == What::Project
        && (config.resolve_image_digests || config.lock_image_digests)
        && let Err(text) = pin(front, config, &mut loaded)
    {
        return front.fail(text);
    }
    // Lists know neither `--quiet` nor `--output`.
    let shown = matches!(what, What::Project | What::Environment);
    if shown && config.quiet {
        return exit::OK;
    }
    let text = match app::config::render(&loaded, &what, form, raw) {
        Ok(text) => text,
        Err(ConfigError::NoSuchService(finding)) => return front.refuse(*finding),
    };
    write(front, config.output.as_ref().filter(|_| shown), text)
}

/// What `--explain` or `--origins` print. `Err` holds the exit code; everything was told already.
fn with_origins(front: &Front, config: &Config, wanted: &LoadRequest, form: Form) -> Result<String, u8> {
    let (loaded, record) = load_recorded(wanted, front.reading());
    front.draw(&loaded.findings, &loaded.sources);
    if loaded.findings.has_errors() {
        return Err(exit::ERROR);
    }
    let explainer = Explainer::new(&loaded, &record, front.reading().files, &front.process.cwd)
        .map_err(|error| front.fail(error.to_string()))?;
    let Some(path) = &config.explain else { return Ok(explainer.origins()) };
    let json = |text: Result<String, serde_json::Error>| text.map_err(|error| front.fail(error.to_string()));
    let sources = &loaded.sources;
    match explainer.explain(path) {
        Ok(explanation) if form == Form::Json => json(explanation.json(sources)),
        Ok(explanation) => {
            let look = ui::diag::Look {
                styled: front.colours_out(),
                width: terminal::stdout_width(),
                show_values: true,
            };
            let text = ui::diag::draw_account(&explanation.account(), sources, look);
            Ok(text + &table::layout(&explanation.rows(), 0, 2))
        }
        Err(ExplainError::Missing(missing)) => {
            match form {
                Form::Json => return Err(front.print(&json(missing.json(sources))?, exit::ERROR)),
                _ => {
                    let look = ui::diag::Look {
                        styled: front.colours_err(),
                        width: terminal::stderr_width(),
                        show_values: true,
                    };
                    terminal::print_error(&ui::diag::draw_account(&missing.account(), sources, look));
                }
            }
            Err(exit::ERROR)
        }
        Err(error) => Err(front.fail(error.to_string())),
    }
}

/// Writes what was asked for.
fn write(front: &Front, output: Option<&std::path::PathBuf>, text: String) -> u8 {
    match output {
        None => front.print(&text, exit::OK),
        Some(path) => match std::fs::write(path, text) {
            Ok(()) => exit::OK,
            Err(error) => front.fail(format!("{}: {error}", path.display())),
        },
    }
}

/// Gives images their digests, which the engine asks the registries for.
fn pin(front: &Front, config: &Config, loaded: &mut Loaded) -> Result<(), String> {
    let pinned = front
        .look_at(async |session| digests::pin(&*session.engine, loaded, session.parallel).await)
        .map_err(|failed| failed.to_string())?;
    pinned.map_err(|failures| {
        let lines: Vec<String> = failures.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })?;
    if config.lock_image_digests {
        for service in digests::lock(loaded) {
            front.warn(&format!(
                "service \"{service}\": pre_start hook images are not pinned in the override file produced by \
                 --lock-image-digests, use the full --resolve-image-digests output to pin them"
            ));
        }
    }
    Ok(())
}
