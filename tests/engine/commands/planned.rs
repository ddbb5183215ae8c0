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
