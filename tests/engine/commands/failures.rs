//! What goes wrong: each cause is told once, with what the engine knows, who waited, and what was taken back.

use std::net::TcpListener;

use super::bench::on_each;

const IDLE: &str = "image: busybox, command: sleep 1000, stop_signal: SIGKILL";

#[test]
fn a_dependency_that_never_becomes_healthy() {
    on_each("sick", |bench| {
        let file = |marker: &str| {
            format!(
                r#"
services:
  db:
    image: busybox
    command: ["sh", "-c", "echo opening; echo cannot read /data >&2; exec sleep 1000"]
    stop_signal: SIGKILL
    healthcheck: {{test: "echo connection refused; exit 1", interval: 150ms, retries: 2}}
  api: {{{IDLE}, environment: [M={marker}], depends_on: {{db: {{condition: service_healthy}}}}}}
  web: {{{IDLE}, environment: [M={marker}], depends_on: [api]}}
  other: {{{IDLE}}}
"#
            )
        };
        bench.compose(&file("1"));
        let ran = bench.run("up -d").exits(1);
        let report = &ran.err[ran.err.find("error:").expect(&ran.err)..];
        for words in [
            "dependency failed to start: container",
            "db-1 is unhealthy, so api and web were not started",
            "last check",
            "exit 1",
            "connection refused",
            "last log",
            "opening",
            "cannot read /data",
            "api depends on db (compose.yaml:8:",
            "web depends on api",
            "rcompose logs db",
        ] {
            assert!(report.contains(words), "no {words:?} in\n{report}");
        }
        assert_eq!(report.matches("failed to start").count(), 1, "said once:\n{report}");
        // What could not be put to use is gone; what has nothing to do with it runs.
        assert_eq!(bench.containers(), ["db-1", "other-1"]);

        // What ran before the failure still runs after it.
        bench.run("up -d --no-deps web api").exits(0);
        let before = (bench.id("api-1"), bench.id("web-1"));
        bench.compose(&file("2"));
        bench.run("up -d").exits(1);
        assert_eq!((bench.id("api-1"), bench.id("web-1")), before);
        assert_eq!([bench.state("api-1"), bench.state("web-1")], ["running", "running"]);
        assert_eq!(bench.containers(), ["api-1", "db-1", "other-1", "web-1"]);
    });
}

#[test]
fn a_dependency_that_fails() {
    on_each("exit", |bench| {
        bench.compose(&format!(
            r#"
services:
  migrate: {{image: busybox, command: ["sh", "-c", "echo table exists; exit 3"]}}
  web: {{{IDLE}, depends_on: {{migrate: {{condition: service_completed_successfully}}}}}}
"#
        ));
        let ran = bench.run("up -d").exits(1);
        for words in [
            "service \"migrate\" didn't complete successfully: exit 3, so web was not started",
            "table exists",
            "exited, exit code 3",
            "web depends on migrate (compose.yaml:4:",
        ] {
            assert!(ran.err.contains(words), "no {words:?} in\n{}", ran.err);
        }
        assert_eq!(bench.containers(), ["migrate-1"]);
        // The same as JSON: every line an object, the last one the failure.
        let ran = bench.run("--progress json up -d").exits(1);
        let last: serde_json::Value = serde_json::from_str(ran.err.lines().last().unwrap()).unwrap();
        assert_eq!(last["error"], true);
        assert!(last["facts"]["last log"].as_str().unwrap().contains("table exists"), "{last}");
    });
}

#[test]
fn a_host_port_that_is_taken() {
    on_each("port", |bench| {
        let (port, _held) = if bench.is_modern() {
            // That engine may live in a network of its own: there a container holds the port.
            (TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port(), None)
        } else {
            let held = TcpListener::bind("127.0.0.1:0").unwrap();
            (held.local_addr().unwrap().port(), Some(held))
        };
        let first = if bench.is_modern() { format!("\"127.0.0.1:{port}:80\"") } else { String::new() };
        bench.compose(&format!(
            r#"
services:
  first: {{{IDLE}, ports: [{first}]}}
  web:
    image: busybox
    command: sleep 1000
    stop_signal: SIGKILL
    depends_on: [first]
    ports: ["${{PORT:-127.0.0.1::80}}"]
"#
        ));
        bench.run("up -d").exits(0);
        let before = bench.id("web-1");
        bench.file(".env", &format!("PORT=127.0.0.1:{port}:80\n"));
        let ran = bench.run("up -d").exits(1);
        let holder = if bench.is_modern() {
            format!("in use by container {}", bench.name("first-1"))
        } else {
            "a process outside of the engine".to_owned()
        };
        for words in [
            &format!("port {port}"),
            &holder,
            "publish another host port",
            "compose.yaml:9:",
            "runs again as before",
        ] {
            assert!(ran.err.contains(words), "no {words:?} in\n{}", ran.err);
        }
        assert_eq!((bench.id("web-1"), bench.state("web-1")), (before, "running".to_owned()), "{}", ran.err);
        assert_eq!(bench.containers(), ["first-1", "web-1"]);
    });
}

#[test]
fn an_image_that_is_missing() {
    on_each("image", |bench| {
        bench.compose(&format!(
            r#"
services:
  fine: {{{IDLE}}}
  far: {{image: "localhost:1/nothing:1", depends_on: [fine]}}
  near: {{image: "{}-nothing:1", pull_policy: never}}
"#,
            bench.project
        ));
        // What is known before is told before, and nothing is touched until every image is there.
        let near = ["not found locally", "compose.yaml:5:", "pull_policy"];
        let far = ["Image localhost:1/nothing:1", "compose.yaml:4:", "check the network"];
        for (command, told) in [("up -d", near), ("plan", near), ("up -d far", far)] {
            let ran = bench.run(command).exits(1);
            for words in told {
                assert!(ran.err.contains(words), "no {words:?} in\n{}", ran.err);
            }
            assert!(bench.containers().is_empty());
            assert!(bench.get(&format!("/networks/{}_default", bench.project)).is_null());
        }
        bench.run("up -d fine").exits(0);
    });
}

#[test]
fn an_engine_that_is_not_there() {
    on_each("gone", |bench| {
        bench.compose(&format!("services:\n  a: {{{IDLE}}}\n"));
        for arguments in ["up -d", "up", "down", "ps", "ls", "logs", "plan"] {
            let ran = bench.run(&format!("-H unix:///nowhere/engine.sock {arguments}")).exits(1);
            assert!(ran.err.contains("unix:///nowhere/engine.sock"), "{arguments}: {}", ran.err);
            let said: Vec<&str> = ran.err.lines().filter(|line| !line.starts_with("  help: ")).collect();
            assert_eq!(said.len(), 1, "{arguments}: {}", ran.err);
        }
    });
}

/// The words of an engine are reported once, after the one prefix that every client of it prints, whatever thing
/// they are about; with the reference at hand its last line begins the same way.
#[test]
fn the_engines_words_are_reported_once() {
    on_each("words", |bench| {
        let network =
            format!("services:\n  a: {{{IDLE}}}\nnetworks: {{default: {{driver: no-such-driver}}}}\n");
        let volume = format!(
            "services:\n  a: {{{IDLE}, volumes: [data:/data]}}\nvolumes: {{data: {{driver: no-such-driver}}}}\n"
        );
        let container = "services:\n  a: {image: busybox, command: [/no/such/program]}\n".to_owned();
        for (file, thing) in [(network, "network"), (volume, "volume"), (container, "container")] {
            bench.compose(&file);
            for arguments in ["up -d", "--progress json up -d"] {
                let ran = bench.run(arguments).exits(1);
                if arguments == "up -d" {
                    let daemon: Vec<&str> =
                        ran.err.lines().filter(|line| line.contains("Error response from daemon")).collect();
                    assert!(
                        daemon.len() == 1 && daemon[0].starts_with("Error response from daemon: "),
                        "{}",
                        ran.err
                    );
                    assert!(ran.err.contains(&format!("\n  {thing}")), "{thing}: {}", ran.err);
                    assert!(!ran.err.contains("error: Error"), "{}", ran.err);
                } else {
                    let last = ran.err.lines().last().unwrap_or_default();
                    let last: serde_json::Value = serde_json::from_str(last).unwrap();
                    let message = last["message"].as_str().unwrap();
                    assert!(message.starts_with("Error response from daemon: "), "{last}");
                }
            }
            if let Some(reference) = std::env::var_os("RCOMPOSE_REFERENCE").filter(|path| !path.is_empty()) {
                let mut command = std::process::Command::new(reference);
                command.args(["-p", &bench.project, "up", "-d"]).current_dir(bench.directory());
                let ran = command.env("DOCKER_HOST", &bench.engine).output().unwrap();
                let text = String::from_utf8_lossy(&ran.stderr).into_owned();
                assert!(text.contains("Error response from daemon: "), "{thing}: {text}");
            }
            bench.run("down -v -t 0").exits(0);
        }
    });
}

#[test]
fn an_engine_that_cannot_be_reached() {
    on_each("gone", |bench| {
        bench.compose(&format!("services:\n  a: {{{IDLE}}}\n"));
        let socket = bench.directory().join("none.sock");
        let address = format!("unix://{}", socket.display());
        for (arguments, variable, origin) in [
            (vec!["ps"], Some(address.as_str()), "DOCKER_HOST"),
            (vec!["-H", &address, "up", "-d"], None, "--host"),
        ] {
            let mut command = bench.command(&arguments);
            command.env_remove("DOCKER_HOST");
            command.envs(variable.map(|address| ("DOCKER_HOST", address)));
            let ran = command.output().unwrap();
            let text = String::from_utf8_lossy(&ran.stderr).into_owned();
            assert_eq!(ran.status.code(), Some(1), "{text}");
            let first = format!(
                "error: cannot connect to Docker at {address} (from {origin}): no such file or directory\n"
            );
            assert!(text.starts_with(&first), "{text}");
            for words in ["engine is running", "sudo", "`docker` group", "docker context ls"] {
                assert!(text.contains(words), "no {words:?} in {text}");
            }
        }
    });
}
