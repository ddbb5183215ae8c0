//! What every command does around its work: read the environment, load, tell findings, connect, show
//! progress, listen to signals.

use std::cell::RefCell;
use std::collections::HashSet;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc;

use super::env_vars::Process;
use super::global::Global;
use super::signals::{self, Go};
use super::{exit, remote};
use crate::app::converge::{Answer, Consent};
use crate::app::disk::Disk;
use crate::app::failure::{Speaker, Told};
use crate::app::hidden::Hidden;
use crate::app::load::{EnvFiles, LoadRequest, Loaded, Reading, load_with};
use crate::app::lock::LockOptions;
use crate::app::remote::Remote;
use crate::app::request::{self, Aim, Facts};
use crate::app::{self, CancelStage, Canceller, Engine, EngineError, Events, Request, Session, cancellation};
use crate::base::ProjectName;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, SourceMap};
use crate::docker;
use crate::event::{Event, Level};
use crate::plan::Exposure;
use crate::ui::failure::FailureView;
use crate::ui::mode::{Ansi, Mode};
use crate::ui::progress::{self, Progress};
use crate::ui::{self, message, terminal};

/// The command line and the process, understood.
pub struct Front {
    pub global: Global,
    pub process: Process,
    pub mode: Mode,
    pub ansi: Ansi,
    pub parallel: Option<usize>,
    pub disk: Disk,
    remote: OnceLock<Remote>,
    /// Whether Compose files may be fetched from elsewhere.
    fetches: bool,
    /// Warnings that were told: a command may load its project twice.
    told: RefCell<HashSet<String>>,
    /// What must not be shown of the project.
    hidden: RefCell<Hidden>,
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The engine cannot be reached, or the process cannot work at all; in words for people.
    #[error("{0}")]
    Message(String),
    /// A signal ended it.
    #[error("cancelled")]
    Cancelled,
}

/// After the second signal, a command has so long to come to an end by itself.
const LAST_REPORT: Duration = Duration::from_secs(1);

impl Front {
    /// Understands the options that all commands share.
    pub fn new(global: Global) -> Result<Front, String> {
        let process =
            Process::read().map_err(|error| format!("the current directory does not exist: {error}"))?;
        global.docker.check()?;
        if global.no_ansi {
            if global.ansi.as_deref().is_some_and(|when| when != "auto") {
                let text =
                    "cannot specify DEPRECATED \"--no-ansi\" and \"--ansi\". Please use only \"--ansi\"";
                return Err(text.to_owned());
            }
            let text = "option '--no-ansi' is DEPRECATED ! Please use '--ansi' instead.\n";
            terminal::print_error(text);
        }
        let asked = if global.no_ansi { Some("never") } else { global.ansi.as_deref() };
        let ansi = Ansi::parse(asked.or(process.get("COMPOSE_ANSI")).unwrap_or_default())
            .map_err(|error| error.to_string())?;
        let progress = global.progress.as_deref().or(process.get("COMPOSE_PROGRESS")).unwrap_or_default();
        let live = terminal::stderr_is_terminal() && process.terminal_is_capable();
        let mode = Mode::choose(progress, ansi, live).map_err(|error| error.to_string())?;
        let parallel = match (global.parallel, process.get("COMPOSE_PARALLEL_LIMIT")) {
            (Some(limit), _) => Some(limit),
            (None, Some(text)) => Some(
                text.parse::<i64>()
                    .map_err(|_| format!("COMPOSE_PARALLEL_LIMIT must be an integer (found: \"{text}\")"))?,
            ),
            (None, None) => None,
        };
        let parallel = parallel.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
        let fetches = match process.get("RCOMPOSE_REMOTE") {
            None | Some("always") => !global.no_remote,
            Some("never") => false,
            Some(other) => {
                return Err(format!("RCOMPOSE_REMOTE must be \"always\" or \"never\" (found: \"{other}\")"));
            }
        };
        let disk = Disk::new(process.home.clone());
        Ok(Front {
            global,
            process,
            mode,
            ansi,
            parallel,
            disk,
            remote: OnceLock::new(),
            fetches,
            told: RefCell::default(),
            hidden: RefCell::default(),
        })
    }

    /// The sources of remote files.
    pub fn remote(&self) -> &Remote {
        self.remote.get_or_init(|| remote::sources(&self.global, &self.process, &self.docker_config()))
    }

    /// Where the loader reads.
    pub fn reading(&self) -> Reading<'_> {
        Reading { files: &self.disk, remote: if self.fetches { Some(self.remote()) } else { None } }
    }

    /// Whether standard output gets colours.
    pub fn colours_out(&self) -> bool {
        self.colours(terminal::stdout_is_terminal())
    }

    /// Whether standard error gets colours.
    pub fn colours_err(&self) -> bool {
        self.colours(terminal::stderr_is_terminal())
    }

    fn colours(&self, terminal: bool) -> bool {
        let capable = terminal && self.process.terminal_is_capable();
        self.ansi.colours(capable, self.process.get("NO_COLOR").is_some())
    }

    /// The loader's request.
    pub fn request(&self) -> Request {
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        Request {
            files: self.global.files.clone(),
            project_name: self.global.project_name.clone(),
            project_directory: self.global.project_directory.as_ref().map(text),
            workdir: self.global.workdir.as_ref().map(text),
            env_files: self.global.env_file.clone(),
            profiles: self.global.profile.clone(),
            cwd: self.process.cwd.clone(),
            os: self.process.environment.clone(),
            ..Request::default()
        }
    }

    fn look(&self, mut wanted: LoadRequest) -> Loaded {
        wanted.keep_unused |= self.global.all_resources;
        wanted.show_values = self.global.show_values;
        load_with(&wanted, self.reading())
    }

    /// Loads what is wanted and tells the findings; `None` when there are errors among them.
    pub fn load(&self, wanted: LoadRequest) -> Option<Loaded> {
        let loaded = self.look(wanted);
        self.tell(&loaded.findings, &loaded.sources);
        (!loaded.findings.has_errors()).then_some(loaded)
    }

    /// As [`Front::load`], for commands whose work it is to look at the files: everything is drawn.
    pub fn check(&self, wanted: LoadRequest) -> Option<Loaded> {
        let loaded = self.look(wanted);
        self.draw(&loaded.findings, &loaded.sources);
        (!loaded.findings.has_errors()).then_some(loaded)
    }

    /// Tells findings on standard error: what stops the command is drawn, a warning is one line, told once.
    pub fn tell(&self, findings: &Diagnostics, sources: &SourceMap) {
        if self.mode == Mode::Json {
            return self.draw(findings, sources);
        }
        // Beside errors, warnings are only counted.
        if findings.has_errors() {
            return self.draw(findings, sources);
        }
        let mut told = self.told.borrow_mut();
        for line in ui::diag::lines(findings, sources) {
            if told.insert(line.clone()) {
                self.warn(&line);
            }
        }
    }

    /// Draws findings on standard error.
    pub fn draw(&self, findings: &Diagnostics, sources: &SourceMap) {
        if findings.is_empty() {
            return;
        }
        if self.mode == Mode::Json {
            match ui::diag::json_lines(findings, sources) {
                Ok(lines) => terminal::print_error(&lines),
                Err(error) => terminal::print_error(&format!("{error}\n")),
            }
            return;
        }
        let look = ui::diag::Look {
            styled: self.colours_err(),
            width: terminal::stderr_width(),
            show_values: self.global.show_values,
        };
        terminal::print_error(&ui::diag::draw(findings, sources, look));
    }

    /// What may be shown of values.
    pub fn exposure(&self) -> Exposure {
        Exposure { all: self.global.show_values, known: self.hidden.borrow().values.clone() }
    }

    /// What must not be shown of the project.
    pub fn hidden(&self) -> Hidden {
        self.hidden.borrow().clone()
    }

    /// The text without values that must not be shown.
    pub fn without_values(&self, text: &str) -> String {
        self.hidden.borrow().values.apply(text).into_owned()
    }

    /// Says that a command failed.
    pub fn fail(&self, text: impl AsRef<str>) -> u8 {
        self.failure(Told { title: text.as_ref().to_owned(), ..Told::default() });
        exit::ERROR
    }

    /// Reports a failure on standard error, without values that must not be shown.
    pub fn failure(&self, told: Told) {
        let shown = |text: String| self.without_values(&text);
        let view = FailureView {
            speaker: match told.speaker {
                Speaker::Us => ui::failure::Speaker::Us,
                Speaker::Engine => ui::failure::Speaker::Engine,
            },
            title: shown(told.title),
            facts: told.facts.into_iter().map(|(name, text)| (name, shown(text))).collect(),
            help: told.help.into_iter().map(shown).collect(),
        };
        terminal::print_error(&match self.mode {
            Mode::Json => ui::failure::json_line(&view),
            _ => ui::failure::text(&view, self.colours_err()),
        });
    }

    /// Says what the engine answered, or why it could not be asked.
    pub fn fail_engine(&self, error: &EngineError) -> u8 {
        self.failure(app::failure::tell_request(error, &self.engine_origin()));
        exit::ERROR
    }

    /// Who chose the engine.
    fn engine_origin(&self) -> String {
        let config = self.docker_config();
        match (self.global.docker.host.last(), &config.host, docker::context(&config)) {
            (Some(_), ..) => "--host".to_owned(),
            (None, Some(_), _) => "DOCKER_HOST".to_owned(),
            (None, None, Some(context)) => format!("context {context}"),
            (None, None, None) => "the default".to_owned(),
        }
    }

    /// Prints what a command was asked for; gives `code`, or that of an error when the output could not be
    /// written.
    pub fn print(&self, text: &str, code: u8) -> u8 {
        self.printed(terminal::print(text), code)
    }

    /// The exit code of a command that has written its output: `code`, or that of an error.
    pub fn printed(&self, outcome: io::Result<()>, code: u8) -> u8 {
        match outcome {
            Ok(()) => code,
            Err(error) => self.fail(format!("cannot write to standard output: {error}")),
        }
    }

    /// Tells the one finding that ends a command.
    pub fn refuse(&self, finding: Diagnostic) -> u8 {
        let mut findings = Diagnostics::new();
        findings.push(finding);
        self.tell(&findings, &SourceMap::new());
        exit::ERROR
    }

    /// Something worth knowing, on standard error.
    pub fn info(&self, text: &str) {
        if self.mode != Mode::Quiet {
            terminal::print_error(&message::line(Level::Info, text, self.mode, false, &message::now()));
        }
    }

    /// A warning that belongs to no file.
    pub fn warn(&self, text: &str) {
        let text = &self.without_values(text);
        let line = message::line(Level::Warning, text, self.mode, self.colours_err(), &message::now());
        terminal::print_error(&line);
    }

    /// Facts of the run that lowering needs.
    pub fn facts(&self, loaded: &Loaded) -> Facts {
        let explicit = !self.global.env_file.is_empty() || self.process.get("COMPOSE_ENV_FILES").is_some();
        let env_files = loaded.located.iter().flat_map(|located| &located.env_files);
        Facts {
            compatibility: self.global.compatibility,
            env_files: if explicit {
                env_files.map(|path| path.to_string_lossy().into_owned()).collect()
            } else {
                Vec::new()
            },
            proxy: docker::proxy_environment(&self.docker_config()),
            remote_engine: docker::is_remote(&self.docker_config()),
            show_values: self.global.show_values,
            no_start: false,
        }
    }

    /// How the engine is reached.
    pub fn docker_config(&self) -> docker::Config {
        let owned = |name: &str| self.process.get(name).map(str::to_owned);
        let given = &self.global.docker;
        let host = given.host.last().cloned().or_else(|| match &given.context {
            Some(_) => None,
            None => owned("DOCKER_HOST"),
        });
        let context = given.context.clone().or_else(|| match &host {
            Some(_) => None,
            None => owned("DOCKER_CONTEXT"),
        });
        let config_dir = given
            .config
            .clone()
            .or_else(|| owned("DOCKER_CONFIG").map(PathBuf::from))
            .or_else(|| self.process.home.as_ref().map(|home| home.join(".docker")));
        // As the docker client has it: any value of these variables means yes, and `--tlsverify=false` still
        // means TLS.
        let verify = given.tlsverify.unwrap_or(self.process.get("DOCKER_TLS_VERIFY").is_some());
        let wanted = given.tls || given.tlsverify.is_some() || self.process.get("DOCKER_TLS").is_some();
        let tls = (verify || wanted).then(|| {
            let directory = owned("DOCKER_CERT_PATH").map(PathBuf::from).or_else(|| config_dir.clone());
            let files = [&given.tlscacert, &given.tlscert, &given.tlskey].map(Clone::clone);
            docker::TlsConfig::from_options(&directory.unwrap_or_default(), verify, files)
        });
        docker::Config {
            host,
            context,
            config_dir,
            tls,
            api_version: owned("DOCKER_API_VERSION"),
            auth_config: owned("DOCKER_AUTH_CONFIG"),
            engines_dir: remote::cache_home(&self.process).map(|home| home.join("rcompose").join("engines")),
        }
    }

    /// Reports that a command could not do its work; gives the exit code.
    pub fn failed(&self, failed: &Failed) -> u8 {
        match failed {
            Failed::Message(text) => self.fail(text),
            Failed::Cancelled => exit::CANCELLED,
        }
    }

    /// Runs work that changes something: an engine, progress on standard error, signals. The first signal
    /// begins no further step, the second drops what is in flight, and the third does not wait for the rest.
    pub fn run<T, F>(&self, work: impl FnOnce(Session) -> F) -> Result<T, Failed>
    where
        F: Future<Output = T>,
    {
        self.run_with(async |session, receiver, canceller| {
            let (events, forced) = (session.events.downgrade(), canceller.listen());
            let both = futures_util::future::join(work(session), progress::show(receiver, self.progress()));
            let hearing = signals::listen(|count| {
                canceller.advance();
                if count == 1 {
                    let text = "stopping; press Ctrl-C again to force".to_owned();
                    events.send(Event::Message { level: Level::Info, text });
                }
                if count > 2 { Go::Leave } else { Go::On }
            });
            let overdue = async {
                forced.reached(CancelStage::Forced).await;
                tokio::time::sleep(LAST_REPORT).await;
            };
            tokio::select! {
                biased;
                // First, so that a signal is heard from the first words on.
                () = hearing => Err(Failed::Cancelled),
                (result, ()) = both => Ok(result),
                () = overdue => Err(Failed::Cancelled),
            }
        })?
    }

    /// Runs work that only looks: the first signal ends it.
    pub fn look_at<T, F>(&self, work: impl FnOnce(Session) -> F) -> Result<T, Failed>
    where
        F: Future<Output = T>,
    {
        self.run_with(async |session, receiver, _| {
            let both = futures_util::future::join(work(session), progress::show(receiver, self.progress()));
            tokio::select! {
                biased;
                // First, so that a signal is heard from the first words on.
                () = signals::listen(|_| Go::Leave) => Err(Failed::Cancelled),
                (result, ()) = both => Ok(result),
            }
        })?
    }

    /// The renderer of this run.
    pub fn progress(&self) -> Progress {
        Progress::new(self.mode, self.colours_err(), Box::new(io::stderr()), terminal::stderr_size)
            .hiding(self.hidden.borrow().values.clone())
    }

    /// Like [`Front::run`], for commands whose own loop shows progress and logs and hears signals.
    pub fn run_with<T, F>(
        &self,
        work: impl FnOnce(Session, mpsc::UnboundedReceiver<Event>, Canceller) -> F,
    ) -> Result<T, Failed>
    where
        F: Future<Output = T>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failed::Message(format!("the runtime can't start: {error}")))?;
        runtime.block_on(async {
            let engine: Arc<dyn Engine> = Arc::new(
                docker::Docker::connect(&self.docker_config())
                    .map_err(|error| Failed::Message(error.to_string()))?,
            );
            let (sender, receiver) = mpsc::unbounded_channel();
            let (canceller, cancel) = cancellation();
            let lock = LockOptions {
                directories: self.process.runtime_directories(),
                wait: !self.global.no_wait_lock,
            };
            let session =
                Session { engine, events: Events::new(sender), cancel, parallel: self.parallel, lock };
            Ok(work(session, receiver, canceller).await)
        })
    }

    /// A project for commands that also work without a Compose file: with only `-p`, its labels tell, and
    /// with `COMPOSE_PROJECT_NAME` too when the files can't be loaded.
    /// `Err` holds the exit code; everything was told already.
    pub fn aim(&self, services: &[String], along: app::Along) -> Result<Target, u8> {
        if self.global.files.is_empty()
            && let Some(name) = &self.global.project_name
        {
            return self.by_name(name);
        }
        let mut wanted = LoadRequest::full(self.request(), services.to_vec());
        wanted.along = along;
        wanted.container_names = false;
        wanted.env_files = EnvFiles::None;
        let loaded = self.look(wanted);
        let misnamed = loaded.findings.iter().any(|finding| finding.code == Code::NoSuchService);
        if let Some(name) = self.process.get("COMPOSE_PROJECT_NAME")
            && loaded.findings.has_errors()
            && !misnamed
        {
            // Files that can't be used are told; that there are none is no matter here.
            if loaded.findings.iter().any(|finding| finding.code != Code::NoConfigFile) {
                self.tell(&loaded.findings, &loaded.sources);
            }
            return self.by_name(name);
        }
        self.tell(&loaded.findings, &loaded.sources);
        if loaded.findings.has_errors() {
            return Err(exit::ERROR);
        }
        let facts = self.facts(&loaded);
        // What can't be brought up may still be taken down: findings of the lowering are no matter here.
        let aim =
            loaded.project.map(|project| request::from_project(project, loaded.sources, &facts, &self.disk));
        let aim = aim.ok_or(exit::ERROR)?;
        self.hidden.replace(aim.hidden.clone());
        Ok(Target::Aim(Box::new(aim)))
    }

    fn by_name(&self, name: &str) -> Result<Target, u8> {
        match ProjectName::normalize(name) {
            Some(name) => Ok(Target::Name(name)),
            None => Err(self.fail(format!("invalid project name \"{name}\""))),
        }
    }

    /// Reports what lowering found; `None` when it forbids to go on. With `no_start` what only a start needs may
    /// be missing.
    pub fn aim_of(&self, loaded: Loaded, no_start: bool) -> Option<Aim> {
        let facts = Facts { no_start, ..self.facts(&loaded) };
        let aim = request::from_project(loaded.project?, loaded.sources, &facts, &self.disk);
        self.hidden.replace(aim.hidden.clone());
        self.tell(&aim.findings, &aim.sources);
        let bad = aim.findings.iter().any(|finding| finding.severity == Severity::Error);
        (!bad).then_some(aim)
    }
}

/// What a command acts on, before the engine is asked.
pub enum Target {
    /// A loaded project.
    Aim(Box<Aim>),
    /// A name; the labels of its containers tell the rest.
    Name(ProjectName),
}

/// Asks at the terminal before data is lost.
pub struct Asker {
    /// `--yes`.
    pub yes: bool,
}

impl Consent for Asker {
    fn recreate_volume(&self, name: &str) -> Answer {
        if self.yes {
            return Answer::Yes;
        }
        let question = format!(
            "Volume \"{name}\" exists but doesn't match configuration in compose file. Recreate (data will be lost)?"
        );
        let terminal = terminal::stdin_is_terminal();
        let asked =
            ui::prompt::confirm(&question, false, terminal, &mut io::stdin().lock(), &mut io::stdout());
        if asked.unwrap_or(false) { Answer::Yes } else { Answer::No }
    }
}

/// Seconds of an option; negative ones mean "as long as it takes".
pub fn seconds(value: Option<i64>) -> Option<Duration> {
    value.map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::from(u32::MAX))))
}
