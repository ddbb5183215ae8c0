//! The command line as a drop-in: switches, addresses, output options, completion, manual pages and the plugin of
//! the docker client. No engine is asked. Where `RCOMPOSE_REFERENCE` names a Docker Compose binary, the two are
//! compared.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A directory with a project, and the home directory of whoever runs a command in it.
struct Place(TempDir);

const PROJECT: &str = "services:\n  web: {image: busybox}\n  worker: {image: busybox, profiles: [batch]}\n";

impl Place {
    fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        place.file("compose.yaml", PROJECT);
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn program(&self, name: &str, text: &str) {
        self.file(name, text);
        fs::set_permissions(self.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .current_dir(self.path());
        command
    }

    fn run(&self, line: &str) -> Ran {
        Ran::of(self.command(OURS).args(line.split(' ')).output().unwrap())
    }
}

const OURS: &str = env!("CARGO_BIN_EXE_rcompose");

#[derive(Debug, PartialEq, Eq)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output) -> Ran {
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn reference() -> Option<String> {
    let path = std::env::var("RCOMPOSE_REFERENCE").ok().filter(|path| !path.is_empty());
    if path.is_none() {
        eprintln!("command_line: NOT COMPARED: RCOMPOSE_REFERENCE is not set");
    }
    path
}

#[test]
fn switches_take_the_values_that_the_reference_takes() {
    let place = Place::new();
    let mut lines: Vec<Vec<String>> = Vec::new();
    // The value may hold blanks: it is put in after the line is split.
    let mut add = |line: &str, value: &str| {
        lines.push(line.split(' ').map(|word| word.replace("VALUE", value)).collect());
    };
    for value in ["1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"] {
        add("config --services --no-interpolate=VALUE", value);
        add("--all-resources=VALUE config --services -q=VALUE", value);
    }
    for value in ["yes", "no", "on", "2", "tRUE", "", "true "] {
        add("config --quiet=VALUE", value);
        add("up --detach=VALUE", value);
        add("up --wait=VALUE", value);
        add("--dry-run=VALUE ps", value);
        add("ps --orphans=VALUE", value);
    }
    add("-p one -p two config --format json --format yaml", "");
    add("config -q -q=false --services --services", "");
    for words in &lines {
        let line = words.join(" ");
        let ours = Ran::of(place.command(OURS).args(words).output().unwrap());
        let refused = ours.err.contains("invalid syntax");
        assert_eq!(ours.code, i32::from(refused), "{line}: {ours:?}");
        if let Some(reference) = reference() {
            let theirs = Ran::of(place.command(&reference).args(words).output().unwrap());
            // The reference lists services in any order.
            let said = |ran: &Ran| {
                let mut lines: Vec<String> = ran.out.lines().map(str::to_owned).collect();
                lines.sort();
                (ran.code, lines, ran.err.clone())
            };
            assert_eq!(said(&ours), said(&theirs), "{line}");
        }
    }
}

#[test]
fn an_address_that_leaves_something_out_is_that_of_the_reference() {
    let place = Place::new();
    // Nothing listens at the first port.
    for address in [":1", "tcp://:1", "localhost:1", " tcp://localhost:1\t"] {
        let run = |program: &str| {
            Ran::of(place.command(program).env("DOCKER_HOST", address).args(["ps"]).output().unwrap())
        };
        let ours = run(OURS);
        assert!(ours.code == 1 && ours.err.contains("tcp://localhost:1"), "{address}: {ours:?}");
        if let Some(reference) = reference() {
            let theirs = run(&reference);
            assert!(theirs.code == 1 && theirs.err.contains("tcp://localhost:1"), "{address}: {theirs:?}");
        }
    }
}

#[test]
fn a_certificate_that_is_missing_is_named() {
    let place = Place::new();
    let run = |program: &str, arguments: &[&str]| {
        let mut command = place.command(program);
        command.env("DOCKER_TLS_VERIFY", "1").env("DOCKER_CERT_PATH", place.path().join("certs"));
        Ran::of(command.args(arguments).output().unwrap())
    };
    for arguments in [&["ps"][..], &["-H", "tcp://localhost:1", "ps"]] {
        let programs = [OURS.to_owned()].into_iter().chain(reference());
        for program in programs {
            let ran = run(&program, arguments);
            let missing = place.path().join("certs/ca.pem");
            assert!(ran.code == 1 && ran.err.contains(missing.to_str().unwrap()), "{program}: {ran:?}");
        }
    }
    let ran = run(OURS, &["--tlscacert", "/nowhere/ca", "-H", "tcp://localhost:1", "ps"]);
    assert!(ran.code == 1 && ran.err.contains("/nowhere/ca"), "{ran:?}");
}

#[test]
fn a_dead_ssh_is_heard_once() {
    let place = Place::new();
    place.program(
        "bin/ssh",
        "#!/bin/sh\necho \"ssh: connect to host $5 port 22: Connection refused\" >&2\nexit 255\n",
    );
    let path = std::env::join_paths([place.path().join("bin"), "/usr/bin".into(), "/bin".into()]).unwrap();
    let mut command = place.command(OURS);
    let ran = Ran::of(command.env("PATH", path).args(["-H", "ssh://me@box", "ps"]).output().unwrap());
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(ran.err.matches("connect to host me@box port 22: Connection refused").count(), 1, "{ran:?}");
    assert!(ran.err.contains("ssh://me@box"), "{ran:?}");
}

#[test]
fn words_that_mean_nothing_are_refused() {
    let place = Place::new();
    for (line, words) in [
        ("--ansi sometimes config -q", "unsupported --ansi value \"sometimes\""),
        ("--no-ansi --ansi never config -q", "cannot specify DEPRECATED \"--no-ansi\" and \"--ansi\""),
        ("--log-level nonsense config -q", "Unable to parse logging level: nonsense"),
        ("-H unix:///a -H unix:///b ps", "specify only one -H"),
        ("-H unix:///a --context b ps", "cannot specify both --host and --context"),
    ] {
        let ran = place.run(line);
        assert!(ran.code == 1 && ran.err.contains(words), "{line}: {ran:?}");
    }
}

#[test]
fn findings_in_json_have_the_key_of_failures() {
    let place = Place::new();
    place.file("bad.yaml", "services:\n  a: {imag: x, command: '${NOPE}'}\n");
    let mut programs = vec![OURS.to_owned()];
    programs.extend(reference());
    for program in programs {
        let mut command = place.command(&program);
        let ran = Ran::of(command.args(["--progress", "json", "-f", "bad.yaml", "config"]).output().unwrap());
        let lines: Vec<serde_json::Value> =
            ran.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let errors: Vec<_> = lines.iter().filter(|line| line["error"] == true).collect();
        assert_eq!((ran.code, errors.len()), (1, 1), "{program}: {ran:?}");
        assert!(errors[0]["message"].as_str().is_some_and(|words| words.contains("imag")), "{ran:?}");
    }
}

/// Runs a script of bash with the program in front of the path.
fn bash(place: &Place, script: &str) -> Ran {
    let bin = Path::new(OURS).parent().unwrap();
    let path = std::env::join_paths([bin, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let mut command = place.command("bash");
    Ran::of(command.env("PATH", path).args(["--norc", "-c", script]).output().unwrap())
}

/// What bash offers for the last of these words.
fn offered(place: &Place, words: &[&str]) -> Vec<String> {
    let list: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let (last, before) = (list.len() - 1, list.len().saturating_sub(2));
    let script = format!(
        "source <(rcompose completion bash)\nCOMP_WORDS=({}) COMP_CWORD={last} COMP_TYPE=9\n\
         _clap_complete_rcompose rcompose {} {} 2>/dev/null\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        list.join(" "),
        list[last],
        list[before]
    );
    let ran = bash(place, &script);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.out.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn bash_completes_words_of_the_command_line_and_of_the_files() {
    let place = Place::new();
    place.file("other.yaml", "services:\n  cache: {image: busybox}\n");
    for (words, wanted) in [
        (&["rcompose", "pla"][..], &["plan"][..]),
        (&["rcompose", "up", "--abort-on-container-e"], &["--abort-on-container-exit"]),
        (&["rcompose", "logs", "-f", "w"], &["web", "worker"]),
        (&["rcompose", "stop", ""], &["web", "worker"]),
        (&["rcompose", "-f", "other.yaml", "up", ""], &["cache"]),
        (&["rcompose", "up", "--exit-code-from", "we"], &["web"]),
        (&["rcompose", "--profile", ""], &["batch"]),
        (&["rcompose", "--progress", "j"], &["json"]),
        (&["rcompose", "-f", "oth"], &["other.yaml"]),
        (&["rcompose", "completion", "z"], &["zsh"]),
    ] {
        assert_eq!(offered(&place, words), wanted, "{words:?}");
    }
    assert_eq!(offered(&place, &["rcompose", "up", "--det"]), ["--detach"]);
    // Without files there is nothing to offer, and nothing to complain about.
    fs::remove_file(place.path().join("compose.yaml")).unwrap();
    assert_eq!(offered(&place, &["rcompose", "stop", "w"]), Vec::<String>::new());
}

#[test]
fn every_shell_gets_a_script_that_asks_this_program() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = place.run(&format!("completion {shell}"));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{shell}");
        assert!(ran.out.contains("RCOMPOSE_COMPLETE") && ran.out.contains(OURS), "{shell}: {}", ran.out);
        if matches!(shell, "bash" | "zsh" | "fish") {
            place.file("script", &ran.out);
            let checked = place.command(shell).args(["-n", "script"]).output();
            match checked {
                Ok(output) => assert!(output.status.success(), "{shell}: {output:?}"),
                Err(error) => {
                    assert!(shell != "bash", "{error}");
                    eprintln!("command_line: NOT PARSED: no {shell} here");
                }
            }
        }
    }
}

#[test]
fn the_docker_client_is_answered_as_the_plugin_it_asks() {
    let place = Place::new();
    let ran = place.run("docker-cli-plugin-metadata");
    let metadata: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &metadata["SchemaVersion"]), (0, &serde_json::json!("0.1.0")));
    for line in [
        "compose config --services",
        "-D --log-level info --config . -c default --tls=false compose config --services",
        "--context=default compose -p x config --services",
        "compose -D -l warn config --services",
        "config --services",
    ] {
        let ran = place.run(line);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "web\n", ""), "{line}");
    }
    for line in ["compose ps --help", "help compose ps"] {
        assert!(place.run(line).out.contains("Usage: docker compose ps"), "{line}");
    }
    let mut asked = place.command(OURS);
    asked.args(["__complete", "compose", "stop", ""]);
    assert_eq!(Ran::of(asked.output().unwrap()).out, "web\nworker\n:4\n");
    let ran = place.run("__completeNoDesc compose --profi");
    assert_eq!(ran.out, "--profile\n:4\n");
    assert!(place.run("__complete compose pla").out.starts_with("plan\tShow what"));
}

#[test]
fn the_docker_client_runs_it_as_its_plugin() {
    let place = Place::new();
    fs::create_dir_all(place.path().join("docker/cli-plugins")).unwrap();
    std::os::unix::fs::symlink(OURS, place.path().join("docker/cli-plugins/docker-compose")).unwrap();
    let docker = |line: &str| {
        let mut command = place.command("docker");
        let output = command.env("DOCKER_CONFIG", place.path().join("docker")).args(line.split(' ')).output();
        output.map(Ran::of)
    };
    let version = match docker("compose version --short") {
        Ok(ran) => ran,
        Err(error) => {
            assert!(
                !std::env::var("CI").is_ok_and(|ci| ci == "true"),
                "CI must have the docker client: {error}"
            );
            eprintln!("command_line: NOT RUN: no docker client here: {error}");
            return;
        }
    };
    assert_eq!((version.code, version.out.trim()), (0, env!("CARGO_PKG_VERSION")), "{version:?}");
    for line in [
        "compose config --services",
        "-D compose -p x config --services",
        "-c default compose config --services",
    ] {
        let ran = docker(line).unwrap();
        assert_eq!((ran.code, ran.out.as_str()), (0, "web\n"), "{line}: {ran:?}");
    }
    let refused = docker("compose up --detach=x").unwrap();
    assert!(refused.code == 1 && refused.err.contains("invalid argument \"x\""), "{refused:?}");
    for line in ["help compose", "compose --help"] {
        assert!(docker(line).unwrap().out.contains("Usage: docker compose"), "{line}");
    }
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let place = Place::new();
    let ran = place.run("man");
    assert!(ran.code == 0 && ran.out.contains(".TH rcompose 1"), "{ran:?}");
    assert_eq!(place.run("man pages").code, 0);
    let main = fs::read_to_string(place.path().join("pages/rcompose.1")).unwrap();
    assert_eq!(main, ran.out);
    for command in ["up", "plan", "logs", "completion"] {
        let page = fs::read_to_string(place.path().join(format!("pages/rcompose-{command}.1"))).unwrap();
        assert!(page.contains(".TH rcompose-") && page.contains("Examples"), "{page}");
        assert!(main.contains(&format!("rcompose\\-{command}")), "{command}");
    }
    assert!(!place.path().join("pages/rcompose-help.1").exists());
}

/// What a command writes on its standard error, which is a terminal of this kind.
fn on_terminal(place: &Place, term: Option<&str>, arguments: &[&str]) -> String {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::io::Read;
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let theirs = fs::File::options().read(true).write(true).open(name).unwrap();
    let mut command = place.command(OURS);
    if let Some(term) = term {
        command.env("TERM", term);
    }
    let mut child = command.args(arguments).stderr(theirs).spawn().unwrap();
    drop(command);
    let mut bytes = Vec::new();
    // The end of the last writer is an error for the reader.
    let _ = fs::File::from(ours).read_to_end(&mut bytes);
    child.wait().unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_terminal_that_knows_no_colours_gets_none() {
    let place = Place::new();
    place.file("bad.yaml", "services:\n  a: {imag: x}\n");
    let arguments = ["-f", "bad.yaml", "config"];
    assert!(on_terminal(&place, Some("xterm"), &arguments).contains('\u{1b}'));
    for term in [None, Some(""), Some("dumb")] {
        let text = on_terminal(&place, term, &arguments);
        assert!(text.contains("imag") && !text.contains('\u{1b}'), "{term:?}: {text:?}");
    }
    let forced = on_terminal(&place, Some("dumb"), &["--ansi", "always", "-f", "bad.yaml", "config"]);
    assert!(forced.contains('\u{1b}'), "{forced:?}");
}
