//! The plan is the truth: what `plan` and `--dry-run` show is what the command does.

use super::bench::on_each;

/// A job that web waits for, and a service that is healthy unless `CHECK` says otherwise.
const GATES: &str = r#"
x-idle: &idle {image: busybox, command: sleep 1000, stop_signal: SIGKILL}
services:
  migrate: {image: busybox, command: "sh -c 'exit ${RC:-0}'"}
  web: {<<: *idle, depends_on: {migrate: {condition: service_completed_successfully}}}
"#;

#[test]
fn a_failed_job_fails_up_also_when_who_waits_for_it_runs() {
    on_each("planner-job", |bench| {
        bench.compose(GATES);
        bench.run("up -d").exits(0);
        let web = bench.id("web-1");
        bench.file(".env", "RC=3\n");
        bench.run("up -d").exits(1).tells("service \"migrate\" didn't complete successfully: exit 3");
        if let Some(theirs) = bench.reference("up -d") {
            theirs.exits(1).tells("service \"migrate\" didn't complete successfully: exit 3");
        }
        assert_eq!((bench.id("web-1"), bench.state("web-1")), (web, "running".to_owned()));
    });
}

#[test]
fn a_volume_that_changed_is_a_question_of_the_plan() {
    on_each("planner-volume", |bench| {
        bench.compose(
            r#"
services:
  db: {image: busybox, command: sleep 1000, stop_signal: SIGKILL, volumes: ["data:/data"]}
volumes: {data: {labels: {level: "${LEVEL:-low}"}}}
"#,
        );
        bench.run("up -d").exits(0);
        let volume = format!("/volumes/{}_data", bench.project);
        let level = || bench.get(&volume)["Labels"]["level"].clone();
        bench.file(".env", "LEVEL=high\n");
        // Nobody answers: the question is shown, and `up` says that the volume stays, and where it is declared.
        let plan = bench.run("plan").exits(2).out;
        assert!(plan.contains("asks whether to recreate it") && plan.contains("compose.yaml:4:11"), "{plan}");
        let dry = bench.run("--dry-run up -d").exits(0).out;
        assert_eq!(dry, plan);
        let up = bench.run("up -d").exits(0).err;
        let told: Vec<&str> = up.lines().filter(|line| line.contains("is kept with its data")).collect();
        assert_eq!(told.len(), 1, "{up}");
        assert!(told[0].contains("_data") && told[0].contains("compose.yaml:4:11"), "{up}");
        assert_eq!(level(), "low");
        // Agreed to: the deletion is shown, then done.
        let plan = bench.run("plan -y").exits(2).out;
        assert!(plan.contains("its data is lost") && plan.contains("_data"), "{plan}");
        assert_eq!(bench.run("--dry-run up -d -y").exits(0).out, plan);
        assert_eq!(level(), "low");
        bench.run("up -d -y").exits(0);
        assert_eq!(level(), "high");
        bench.run("plan -y").exits(0);
    });
}

/// Idle containers on one network, and what they share.
const IDLE: &str = "x-idle: &idle {image: busybox, command: sleep 1000, stop_signal: SIGKILL}\n";

#[test]
fn a_network_that_was_removed_is_made_before_the_start() {
    on_each("planner-created", |bench| {
        bench.compose(&format!("{IDLE}services: {{a: *idle}}\n"));
        bench.run("up --no-start").exits(0);
        bench.delete(&format!("/networks/{}_default", bench.project));
        bench.run("up -d").exits(0);
        assert_eq!(bench.state("a-1"), "running");
    });
}

#[test]
fn a_container_is_replaced_when_the_network_of_its_mode_gets_another_name() {
    on_each("planner-renamed", |bench| {
        let file = |name: &str| {
            format!("{IDLE}services: {{a: {{<<: *idle, networks: [n1]}}}}\nnetworks: {{n1: {name}}}\n")
        };
        bench.compose(&file("{}"));
        bench.run("up -d").exits(0);
        let other = format!("{}_other", bench.project);
        bench.compose(&file(&format!("{{name: {other}}}")));
        let plan = bench.run("plan").exits(2).out;
        assert!(plan.contains("recreate") && plan.contains(&other), "{plan}");
        bench.run("up -d").exits(0);
        assert_eq!(bench.state("a-1"), "running");
        assert_eq!(bench.inspect("a-1")["HostConfig"]["NetworkMode"], other.as_str());
        bench.run("plan").exits(0);
        // What a failed run left is put right too: the network that the mode names is gone.
        bench.run("stop").exits(0);
        bench.compose(&file("{}"));
        bench.run("restart").exits(0);
        bench.run("up -d").exits(0);
        assert_eq!(bench.state("a-1"), "running");
    });
}

#[test]
fn a_network_stays_while_others_are_on_it() {
    on_each("planner-held", |bench| {
        bench.compose(&format!(
            "{IDLE}services:\n  b: {{<<: *idle, networks: [n1, default]}}\n  c: {{<<: *idle, networks: [n1]}}\nnetworks: {{n1: {{labels: {{level: \"${{LEVEL:-low}}\"}}}}}}\n"
        ));
        bench.run("up -d").exits(0);
        let ids = [bench.id("b-1"), bench.id("c-1")];
        bench.file(".env", "LEVEL=high\n");
        bench.run("up -d c").exits(0).tells("does not match its definition");
        let states = || [bench.state("b-1"), bench.state("c-1")];
        assert_eq!(states(), ["running", "running"]);
        assert_eq!([bench.id("b-1"), bench.id("c-1")], ids);
        let network = format!("/networks/{}_n1", bench.project);
        assert_eq!(bench.get(&network)["Labels"]["level"], "low");
        bench.run("up -d").exits(0);
        assert_eq!(bench.get(&network)["Labels"]["level"], "high");
        assert_eq!(states(), ["running", "running"]);
    });
}

#[test]
fn who_shares_a_namespace_goes_and_comes_with_it() {
    on_each("planner-shared", |bench| {
        bench.compose(&format!(
            "{IDLE}services:\n  vpn: {{<<: *idle, environment: {{V: \"${{V:-1}}\"}}}}\n  app: {{<<: *idle, network_mode: \"service:vpn\"}}\n  db: *idle\n"
        ));
        bench.run("up -d").exits(0);
        let (app, db) = (bench.id("app-1"), bench.id("db-1"));
        // Named or not, it is replaced together with the one it shares with; nothing else is touched.
        bench.file(".env", "V=2\n");
        let plan = bench.run("plan vpn").exits(2).out;
        assert!(plan.contains("app-1") && !plan.contains("db-1"), "{plan}");
        bench.run("up -d vpn").exits(0);
        assert_ne!(bench.id("app-1"), app);
        assert_eq!(
            bench.inspect("app-1")["HostConfig"]["NetworkMode"],
            format!("container:{}", bench.id("vpn-1"))
        );
        assert_eq!((bench.state("app-1").as_str(), bench.id("db-1")), ("running", db));
        bench.run("plan").exits(0);
        // Another replica of the one that is shared with is no matter.
        let app = bench.id("app-1");
        bench.run("up -d --scale vpn=2").exits(0);
        bench.run("up -d").exits(0);
        assert_eq!((bench.id("app-1"), bench.containers().len()), (app, 3));
        // None at all is refused, and nothing is touched.
        bench.run("up -d --scale vpn=0").exits(1).tells("which is scaled to 0");
        assert_eq!((bench.state("app-1").as_str(), bench.state("vpn-1").as_str()), ("running", "running"));
        // What shares with a container that is gone can only be replaced.
        bench.delete(&format!("/containers/{}?force=1", bench.name("vpn-1")));
        bench.run("stop app").exits(0);
        bench.run("start app").exits(1).tells("run `up app`");
        bench.run("restart app").exits(1).tells("run `up app`");
        let plan = bench.run("plan").exits(2).out;
        assert!(plan.contains("with a container of vpn that is gone"), "{plan}");
        bench.run("up -d").exits(0);
        assert_eq!(bench.state("app-1"), "running");
    });
}

#[test]
fn start_starts_what_there_is() {
    on_each("planner-start", |bench| {
        bench.compose(&format!("{IDLE}services: {{a: *idle, c: *idle}}\n"));
        bench.run("start").exits(1).tells("has no container to start");
        bench.run("up -d c").exits(0);
        bench.run("stop").exits(0);
        bench.run("start").exits(0);
        assert_eq!(bench.state("c-1"), "running");
    });
}

#[test]
fn linked_containers_are_made_in_order() {
    on_each("planner-links", |bench| {
        let file = |level: &str| {
            format!(
                "{IDLE}services:\n  b: {{<<: *idle, network_mode: bridge, links: [a]}}\n  a: {{<<: *idle, network_mode: bridge, environment: {{L: {level}}}}}\n  a2: *idle\n"
            )
        };
        bench.compose(&file("low"));
        bench.run("up -d").exits(0);
        assert_eq!(bench.state("b-1"), "running");
        // Both replaced: the link leads to the new container.
        bench.compose(&file("high"));
        bench.run("up -d --force-recreate").exits(0);
        assert_eq!((bench.state("a-1").as_str(), bench.state("b-1").as_str()), ("running", "running"));
        let links = bench.inspect("b-1")["HostConfig"]["Links"].to_string();
        assert!(links.contains(&format!("/{}:", bench.name("a-1"))), "{links}");
    });
}

#[test]
fn fixed_addresses_are_taken_first() {
    on_each("planner-addresses", |bench| {
        let net = if bench.is_modern() { 241 } else { 240 };
        bench.compose(&format!(
            "{IDLE}services:\n  awork: {{<<: *idle, scale: 3, networks: [n]}}\n  coord: {{<<: *idle, networks: {{n: {{ipv4_address: 10.213.{net}.2}}}}}}\nnetworks: {{n: {{ipam: {{config: [{{subnet: 10.213.{net}.0/24}}]}}}}}}\n"
        ));
        bench.run("up -d").exits(0);
        assert_eq!(bench.containers().len(), 4);
        // A worker that has the address now is named.
        bench.run("down").exits(0);
        bench.run("up -d awork").exits(0);
        let plan = bench.run("plan").exits(2);
        plan.tells("is in use by container").tells("awork-");
    });
}

#[test]
fn reasons_name_the_flags_they_come_from() {
    on_each("planner-flags", |bench| {
        bench.compose(&format!("{IDLE}services: {{web: *idle, db: {{<<: *idle, depends_on: [web]}}}}\n"));
        bench.run("up -d").exits(0);
        for (flags, reason) in [
            ("--scale web=3", "--scale web=3"),
            ("--force-recreate", "--force-recreate"),
            ("-V", "--renew-anon-volumes"),
            ("--always-recreate-deps db", "--always-recreate-deps"),
            ("--pull always", "--pull"),
        ] {
            let plan = bench.run(&format!("plan {flags}")).exits(2).out;
            assert!(plan.contains(&format!("  {reason}")), "{flags}:\n{plan}");
        }
    });
}

#[test]
fn services_that_are_off_are_no_silent_matter() {
    on_each("planner-off", |bench| {
        bench.compose(&format!(
            "{IDLE}services:\n  s1: {{<<: *idle, profiles: [A], scale: 2}}\n  s2: {{<<: *idle, depends_on: {{s1: {{condition: service_started, required: false}}}}}}\n"
        ));
        bench.run("--profile A up -d s1").exits(0);
        bench.run("up -d s2").exits(0);
        let label = |at: &str| bench.inspect(at)["Config"]["Labels"]["com.docker.compose.depends_on"].clone();
        assert_eq!(label("s2-1"), "");
        if let Some(theirs) = bench.reference("up -d --force-recreate s2") {
            theirs.exits(0);
            assert_eq!(label("s2-1"), "");
        }
        let down = bench.run("down").exits(0);
        let down = down.tells("2 containers of services that are off stay: s1 (profile A)");
        assert!(!down.err.contains("No resource found"), "{}", down.err);
        assert_eq!(bench.containers(), ["s1-1", "s1-2"]);
        bench.run("--profile A down").exits(0);
    });
}

#[test]
fn one_port_for_many_is_refused_first() {
    on_each("planner-port", |bench| {
        bench.compose(&format!(
            "{IDLE}services:\n  web:\n    <<: *idle\n    ports: [\"18427:80\"]\n    scale: 3\n"
        ));
        for command in ["plan", "up -d"] {
            let refused = bench.run(command).exits(1);
            refused.tells("has 3 replicas, but the host has one port 18427").tells("compose.yaml:5:");
        }
        assert!(bench.containers().is_empty());
    });
}

#[test]
fn jobs_that_ended_well_can_be_left_out_of_a_plan() {
    on_each("planner-jobs", |bench| {
        bench.compose("services: {job: {image: busybox, command: \"true\"}}\n");
        bench.run("up -d").exits(0);
        bench.until("the job's end", || bench.state("job-1") == "exited");
        bench.run("plan").exits(2);
        bench.run("plan --ignore-jobs").exits(0);
        bench.file("compose.yaml", "services: {job: {image: busybox, command: \"false\"}}\n");
        bench.run("plan --ignore-jobs").exits(2);
    });
}

#[test]
fn a_service_that_takes_no_part_may_be_scaled() {
    on_each("planner-scale", |bench| {
        bench.compose(&format!("{IDLE}services: {{a: *idle, b: {{<<: *idle, depends_on: [a]}}}}\n"));
        bench.run("up -d --no-deps --scale a=2 b").exits(0);
        assert_eq!(bench.containers(), ["b-1"]);
        if let Some(theirs) = bench.reference("up -d --no-deps --scale a=2 b") {
            theirs.exits(0);
            assert_eq!(bench.containers(), ["b-1"]);
        }
    });
}

#[test]
fn what_cannot_be_compared_is_kept() {
    on_each("planner-socket", |bench| {
        bench.compose(&format!("{IDLE}services: {{a: {{<<: *idle, use_api_socket: true}}}}\n"));
        let Some(theirs) = bench.reference("up -d") else { return };
        theirs.exits(0);
        let id = bench.id("a-1");
        bench.run("up -d").exits(0).tells("use_api_socket");
        assert_eq!(bench.id("a-1"), id);
        bench.run("plan").exits(0).tells("--force-recreate");
    });
}

#[test]
fn orphans_may_be_passed_over() {
    on_each("planner-gone", |bench| {
        bench.compose(&format!("{IDLE}services: {{a: *idle, b: *idle}}\n"));
        bench.run("up -d").exits(0);
        bench.compose(&format!("{IDLE}services: {{a: *idle}}\n"));
        for command in ["plan", "--dry-run up -d", "up -d"] {
            bench.run(command).exits(0).tells("Found orphan containers");
        }
        bench.file(".env", "COMPOSE_IGNORE_ORPHANS=1\n");
        for command in ["plan", "--dry-run up -d", "up -d"] {
            let quiet = bench.run(command).exits(0).err;
            assert!(!quiet.contains("orphan"), "{command}: {quiet}");
        }
    });
}

#[test]
fn what_is_not_asked_for_is_not_made() {
    on_each("planner-little", |bench| {
        bench.compose(&format!(
            "{IDLE}services:\n  a: {{<<: *idle, volumes: [\"data:/data\"]}}\n  b: {{<<: *idle, depends_on: [a]}}\n  bad: {{image: busybox, command: \"false\", profiles: [jobs]}}\n  none: {{<<: *idle, profiles: [jobs], scale: 0, depends_on: {{bad: {{condition: service_completed_successfully}}}}}}\nvolumes: {{data: {{}}}}\n"
        ));
        // Dependencies that are left out bring no volumes.
        bench.run("up -d --no-deps b").exits(0);
        assert_eq!(bench.containers(), ["b-1"]);
        assert!(bench.get(&format!("/volumes/{}_data", bench.project)).is_null());
        // Nobody waits for a job where nobody is to start.
        bench.run("--profile jobs up -d none").exits(0);
        // A container that was taken off its network is replaced, also while it is stopped.
        bench.run("stop b").exits(0);
        let id = bench.id("b-1");
        bench.post_json(
            &format!("/networks/{}_default/disconnect", bench.project),
            &format!("{{\"Container\": \"{id}\", \"Force\": true}}"),
        );
        bench.run("up -d --no-deps b").exits(0);
        assert_ne!(bench.id("b-1"), id);
        assert_eq!(bench.state("b-1"), "running");
    });
}
