//! `down`, `start`, `stop`, `restart`, and the commands that look: `ps`, `ls`, `logs`, `version`.

use rustix::process::Signal;
use serde_json::Value;

use super::bench::{Bench, on_each};

const PAIR: &str = r#"
x-idle: &idle {image: busybox, stop_signal: SIGKILL}
services:
  db: {<<: *idle, command: sleep 1000, volumes: ["data:/data", /anonymous]}
  web:
    <<: *idle
    command: ["sh", "-c", "for n in 1 2 3; do echo line $$n; done; echo wrong >&2; exec sleep 1000"]
    ports: ["127.0.0.1::80"]
    expose: ["81-82"]
    scale: 2
    depends_on: {db: {condition: service_started, restart: true}}
  quiet: {<<: *idle, command: echo you see me when asked, attach: false}
volumes: {data: {}}
"#;

#[test]
fn stopped_started_restarted_taken_down() {
    on_each("life", |bench| {
        bench.compose(PAIR);
        bench.run("up -d").exits(0);
        let began = |name: &str| bench.inspect(name)["State"]["StartedAt"].to_string();
        let ran = bench.run("stop web").exits(0);
        assert!(ran.err.contains("web-1 Stopped") && !ran.err.contains("db-1"), "{}", ran.err);
        assert_eq!(
            [bench.state("web-1"), bench.state("web-2"), bench.state("db-1")],
            ["exited", "exited", "running"]
        );
        bench.run("start web").exits(0).tells("web-2 Started");
        assert_eq!(bench.state("web-2"), "running");

        // A restart of what others restart with takes them along.
        let (db, web) = (began("db-1"), began("web-1"));
        bench.run("restart -t 0 db").exits(0);
        assert!(began("db-1") != db && began("web-1") != web, "web restarts with db");
        let web = began("web-1");
        bench.run("restart --no-deps db").exits(0);
        assert_eq!(began("web-1"), web);

        // By name only, from anywhere.
        bench.by_name("stop").exits(0);
        assert_eq!(bench.state("db-1"), "exited");
        bench.by_name("start").exits(0);
        assert_eq!(bench.state("db-1"), "running");
        assert!(bench.by_name("ps").exits(0).out.contains("web-2"));

        // One service, then everything; volumes stay until they are asked for.
        let anonymous = bench.inspect("db-1")["Mounts"].clone();
        let holder = format!("stays: on it is {} (service db)", bench.name("db-1"));
        bench.run("down web").exits(0).tells("Resource is still in use").tells(&holder);
        assert_eq!(bench.containers(), ["db-1", "quiet-1"]);
        bench.run("down -t 1").exits(0).tells("db-1 Removed");
        assert!(bench.containers().is_empty());
        let volume = format!("/volumes/{}_data", bench.project);
        let network = format!("/networks/{}_default", bench.project);
        assert!(bench.get(&network).is_null() && !bench.get(&volume).is_null());
        bench.run("up -d").exits(0);
        bench.run("down -v").exits(0).tells("Volume");
        assert!(bench.get(&volume).is_null());
        let fresh = anonymous.as_array().unwrap().iter().filter_map(|mount| mount["Name"].as_str());
        let left: Vec<&str> = fresh
            .filter(|name| !name.ends_with("_data") && !bench.get(&format!("/volumes/{name}")).is_null())
            .collect();
        assert_eq!(left.len(), 1, "`down` without -v keeps the anonymous volume of its time");
        let gone = bench.run("down").exits(0);
        assert!(gone.err.is_empty(), "{}", gone.err);
        bench.by_name("down").exits(0).tells("No resource found to remove");
    });
}

#[test]
fn orphans_and_images_go_when_asked() {
    on_each("rmi", |bench| {
        // An image of its own, to be removed: a second name for the one that is there.
        let image = format!("{}-image", bench.project);
        let tag = format!("{image}:v1");
        bench.post(&format!("/images/busybox:latest/tag?repo={image}&tag=v1"));
        bench.compose(&format!(
            "services:\n  a: {{image: \"{tag}\", command: sleep 1000, stop_signal: SIGKILL}}\n"
        ));
        bench.run("up -d").exits(0);
        bench.compose("services:\n  b: {image: busybox, command: sleep 1000, stop_signal: SIGKILL}\n");
        bench.run("up -d").exits(0).tells("Found orphan containers");
        bench.run("down").exits(0);
        assert_eq!(bench.containers(), ["a-1"], "orphans stay");
        bench.run("down --remove-orphans --rmi local").exits(0);
        assert!(bench.containers().is_empty());
        assert!(!bench.get(&format!("/images/{tag}/json")).is_null(), "`local` leaves named images alone");
        bench.compose(&format!(
            "services:\n  a: {{image: \"{tag}\", command: sleep 1000, stop_signal: SIGKILL}}\n"
        ));
        bench.run("up -d").exits(0);
        bench.run("down --rmi all").exits(0).tells(&format!("Image {tag} Removed"));
        assert!(bench.get(&format!("/images/{tag}/json")).is_null());
        bench.run("down --rmi all").exits(0);
    });
}

#[test]
fn containers_are_listed_in_every_form() {
    on_each("ps", |bench| {
        bench.compose(PAIR);
        bench.run("up -d").exits(0);
        bench.until("the end of quiet", || bench.state("quiet-1") == "exited");
        let table = bench.run("ps").exits(0).out;
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[0], ["NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"]);
        assert_eq!(rows.len(), 4, "what ended is left out:\n{table}");
        assert_eq!(rows[2][0], bench.name("web-1"));
        let port = bench.inspect("web-1")["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(table.contains(&format!("81-82/tcp, 127.0.0.1:{port}->80/tcp")), "{table}");
        let one = |arguments: &str| bench.run(arguments).exits(0).out;
        assert_eq!(one("ps -a --services"), "db\nquiet\nweb\n");
        assert_eq!(one("ps -q db"), format!("{}\n", bench.id("db-1")));
        assert_eq!(one("ps --format {{.Service}}:{{.State}} --status exited"), "quiet:exited\n");
        assert_eq!(one("ps --filter status=exited --format {{.Service}}"), "quiet\n");
        let titled = bench
            .command(["ps", "--format", "table {{.Name}}\\t{{.Label \"com.docker.compose.service\"}}"])
            .output()
            .unwrap();
        let titled = String::from_utf8(titled.stdout).unwrap();
        assert!(
            titled.starts_with("NAME") && titled.lines().next().unwrap().ends_with("service"),
            "{titled}"
        );
        bench.run("ps --format {{.Nmae}}").exits(1).tells("there is no field `Nmae`");
        bench.run("ps --status runing").exits(1).tells("invalid --status \"runing\"");
        assert!(one("ps --no-trunc db").contains("\"sleep 1000\""));

        let listed: Vec<Value> =
            one("ps -a --format json").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let quiet = listed.iter().find(|one| one["Service"] == "quiet").unwrap();
        assert_eq!(
            (&quiet["State"], &quiet["ExitCode"], &quiet["Project"]),
            (&"exited".into(), &0.into(), &bench.project.as_str().into())
        );
        let web = listed.iter().find(|one| one["Name"] == bench.name("web-1")).unwrap();
        assert_eq!(web["Publishers"][0]["PublishedPort"].to_string(), port);
        assert_eq!(web["Publishers"].as_array().unwrap().len(), 3);

        let mine = format!("ls --filter name=^{}$", bench.project);
        assert!(one(&mine).contains("running(3)"), "{}", one(&mine));
        assert_eq!(one(&format!("{mine} -q")), format!("{}\n", bench.project));
        let listed: Value = serde_json::from_str(&one(&format!("{mine} -a --format json"))).unwrap();
        assert_eq!(listed[0]["Status"], "exited(1), running(3)");
        assert_eq!(listed[0]["ConfigFiles"], bench.directory().join("compose.yaml").to_str().unwrap());
        assert!(one("version --short").starts_with(|c: char| c.is_ascii_digit()));
        let version: Value = serde_json::from_str(&one("version --format json")).unwrap();
        assert!(version["version"].is_string());
    });
}

#[test]
fn logs_are_read_and_followed() {
    on_each("logs", |bench| {
        bench.compose(PAIR);
        bench.run("up -d").exits(0);
        let read = |arguments: &str| bench.run(arguments).exits(0).out;
        bench.until("the last lines", || read("logs web").matches("wrong").count() == 2);
        let all = read("logs");
        assert_eq!(all.matches("web-1  | line 2").count(), 1, "{all}");
        assert!(!all.contains("you see me"), "`attach: false`: {all}");
        assert_eq!(read("logs quiet"), "quiet-1  | you see me when asked\n");
        assert_eq!(read("logs --no-log-prefix --index 2 --tail 2 web").lines().count(), 2);
        let timed = read("logs -t --index 1 web");
        assert!(timed.lines().all(|line| line.starts_with("web-1  | 20")), "{timed}");
        assert_eq!(read("logs --until 1h web"), "", "nothing is that old");
        let sorted = |text: String| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(read("logs --since 1h web")), sorted(read("logs web")));
        let first = timed
            .lines()
            .find(|line| line.contains("line 1"))
            .and_then(|line| line.split(' ').nth(3))
            .unwrap();
        assert!(read(&format!("logs --since {first} web")).contains("line 3"));
        bench.run("logs --since yesterday").exits(1).tells("invalid time \"yesterday\"");
        bench.run("logs --index 1").exits(1).tells("--index requires one service to be selected");

        // Followed: what was, what comes, what starts again, and the end with the last container.
        let going = bench.begin("logs -f --tail 1");
        std::thread::sleep(std::time::Duration::from_millis(500));
        bench.run("restart --no-deps web").exits(0);
        std::thread::sleep(std::time::Duration::from_millis(500));
        bench.run("stop").exits(0);
        let followed = going.ends().exits(0).out;
        for web in ["web-1", "web-2"] {
            let at = |words: &str| {
                followed.find(&format!("{web}{words}")).unwrap_or_else(|| panic!("{web}{words}: {followed}"))
            };
            assert!(at("  | line 2") > at(" exited with code 137"), "{followed}");
        }
        assert_eq!(followed.matches("| line 1").count(), 2, "{followed}");
        assert_eq!(followed.matches("exited with code 137").count(), 5, "{followed}");

        bench.run("start db").exits(0);
        let going = bench.begin("logs -f db");
        std::thread::sleep(std::time::Duration::from_millis(300));
        going.signal(Signal::INT);
        going.ends().exits(130);
    });
}

#[test]
fn hooks_run_inside() {
    on_each("hooks", |bench: &Bench| {
        bench.compose(
            r#"
services:
  web:
    image: busybox
    command: sh -c "mkdir -p /v; exec sleep 1000"
    stop_signal: SIGKILL
    volumes: ["./seen:/seen"]
    post_start:
      - {command: [sh, -c, "echo started $$WHO > /seen/start"], environment: [WHO=hook]}
    pre_stop:
      - {command: [sh, -c, "id -u > /seen/stop"], user: "42"}
"#,
        );
        bench.file("seen/x", "");
        let seen = |name: &str| {
            std::fs::read_to_string(bench.directory().join("seen").join(name)).unwrap_or_default()
        };
        std::fs::set_permissions(
            bench.directory().join("seen"),
            std::os::unix::fs::PermissionsExt::from_mode(0o777),
        )
        .unwrap();
        bench.run("up -d").exits(0);
        assert_eq!(seen("start"), "started hook\n");
        bench.run("down").exits(0);
        assert_eq!(seen("stop"), "42\n");
        bench.compose("services:\n  web:\n    image: busybox\n    command: sleep 1000\n    stop_signal: SIGKILL\n    post_start: [{command: [sh, -c, \"echo no way; exit 4\"]}]\n");
        bench.run("up -d").exits(1).tells("hook exited with status 4: no way");
    });
}

/// A hook may take long, and the engine does nothing meanwhile: others start.
#[test]
fn hooks_hold_no_place_among_the_starts() {
    on_each("slots", |bench: &Bench| {
        bench.compose(
            r#"
x-idle: &idle {image: busybox, stop_signal: SIGKILL, volumes: ["./seen:/seen"]}
services:
  first:
    <<: *idle
    command: sleep 1000
    post_start: [{command: [sh, -c, "until [ -e /seen/second ]; do sleep 0.1; done"]}]
  second: {<<: *idle, command: sh -c "touch /seen/second; exec sleep 1000"}
"#,
        );
        bench.file("seen/x", "");
        bench.run("--parallel 1 up -d").exits(0);
    });
}
