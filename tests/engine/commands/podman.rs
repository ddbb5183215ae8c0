//! What is peculiar to Podman.

use super::bench::on_podman;

/// Without systemd nobody runs health checks there, and its lists neither show health nor ids of networks.
#[test]
fn health_is_asked_for_and_shown() {
    on_podman("health", |bench| {
        bench.compose(
            r#"
x-idle: &idle {image: busybox, command: sleep 1000, stop_signal: SIGKILL}
services:
  db:
    <<: *idle
    networks: [back, default]
    healthcheck: {test: test -f /ready, interval: 300ms, retries: 100}
    post_start: [{command: [sh, -c, "sleep 0.5; touch /ready"]}]
  sick: {<<: *idle, profiles: [sick], healthcheck: {test: "echo broken; false", interval: 200ms, retries: 2}}
  web: {<<: *idle, depends_on: {db: {condition: service_healthy}}}
networks:
  back:
"#,
        );
        bench.run("up -d").exits(0).tells("db-1 Healthy");
        let log = bench.inspect("db-1")["State"]["Health"]["Log"].clone();
        assert!(!log.as_array().unwrap().is_empty(), "{log}");
        assert_eq!(bench.run("plan").exits(0).out.lines().last(), Some("Plan: nothing to do (2 unchanged)"));
        let made = bench.id("db-1");
        bench.run("up -d --wait").exits(0);
        assert_eq!(bench.id("db-1"), made);
        let shown = bench.run("ps").exits(0).out;
        assert_eq!(shown.matches("(healthy)").count(), 1, "{shown}");
        let shown = bench.run("ps --format json db").exits(0).out;
        assert!(shown.contains(r#""Health":"healthy""#), "{shown}");
        // Failures count too.
        bench.run("up -d --wait --no-deps sick").exits(1).tells("sick-1 is unhealthy");
    });
}
