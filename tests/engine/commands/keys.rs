//! Every key of a service that reaches the engine, seen from inside the container or by an inspection.

use serde_json::{Value, json};

use super::bench::{Bench, on_each};

#[test]
fn keys_of_a_service() {
    on_each("keys", |bench| {
        let net = format!("10.{}.{}", 200 + std::process::id() % 50, if bench.is_modern() { 2 } else { 1 });
        bench
            .compose(include_str!("keys.yaml"))
            .file("inside.env", "FROM_FILE=file\nBOTH=from file\n")
            .file("bind/text", "shared text\n")
            .file("site.conf", "site\n")
            .file("key.txt", "key\n")
            .file(".env", &format!("NET={net}\nFROM_HOST=env\nTOKEN=tok\n"));
        let ran = bench.run("up -d --wait").exits(0);
        assert!(!ran.err.contains("warning"), "{}", ran.err);
        everything_inside(bench, &net);
        everything_inspected(bench, &net);
        files(bench);
        shared(bench);
        assert_eq!(
            bench.containers(),
            ["everything", "files-1", "job-1", "shared-1", "shared-2"],
            "a profile that is off makes nothing"
        );
        objects(bench, &net);
        bench.run("--profile debug up --no-start mighty").exits(0);
        assert_eq!(bench.inspect("mighty-1")["HostConfig"]["Privileged"], true);
        bench.run("up -d --wait").exits(0);
        let again = bench.run("plan");
        assert_eq!(again.code, 2, "the job runs again with every up:\n{}", again.out);
        assert!(!again.out.contains("recreate") && !again.out.contains("replace"), "{}", again.out);
    });
}

/// What a container said until it was done.
fn said(bench: &Bench, service: &str) -> String {
    let read = || bench.run(&format!("logs --no-log-prefix {service}")).exits(0).out;
    bench.until("the end of what it says", || read().lines().any(|line| line.trim() == "end"));
    read().replace('\r', "")
}

#[track_caller]
fn has(text: &str, line: &str) {
    assert!(text.lines().any(|found| found.trim_end() == line), "no line {line:?} in\n{text}");
}

fn everything_inside(bench: &Bench, net: &str) {
    let text = said(bench, "everything");
    let has = |line: &str| has(&text, line);
    has("ids=1000:1001 1001 2000");
    has("pwd=/data");
    has("host=inside");
    has("plain=one empty=<> host=env file=file both=from environment nothing=unset");
    has("files=111/222");
    has("somaxconn=777");
    has("bind=shared text");
    has("scratch=fine");
    has("device=c");
    has(&format!("alias=Address: {net}.5"));
    has("10.1.2.3\tfixed.test");
    assert!(text.contains("first=docker-init") || text.contains("first=tini"), "{text}");
    assert!(!text.contains("is writable"), "{text}");
    assert!(text.contains("search corp.test") && text.contains("ndots:3"), "{text}");
    assert!(
        text.lines()
            .any(|line| line.contains(" /small ") && line.contains("size=64k") && line.contains("mode=700")),
        "{text}"
    );
    assert!(text.lines().any(|line| line.contains(" /scratch ") && line.contains("size=128k")), "{text}");
    assert!(text.lines().any(|line| line.contains(" /dev/shm ") && line.contains("size=1024k")), "{text}");
    // NET_ADMIN (12) may be had, MKNOD (27) and CHOWN (0) may not.
    let bounding = text.lines().find_map(|line| line.strip_prefix("CapBnd:")).unwrap().trim();
    let bounding = u64::from_str_radix(bounding, 16).unwrap();
    assert_eq!((bounding >> 12 & 1, bounding >> 27 & 1, bounding & 1), (1, 0, 0), "{bounding:x}");
}

fn everything_inspected(bench: &Bench, net: &str) {
    let found = bench.inspect("everything");
    let host = &found["HostConfig"];
    let config = &found["Config"];
    let expect = |found: &Value, wanted: Value, what: &str| assert_eq!(*found, wanted, "{what}");
    expect(&host["Memory"], json!(64 << 20), "mem_limit");
    expect(&host["MemoryReservation"], json!(32 << 20), "mem_reservation");
    expect(&host["MemorySwap"], json!(128 << 20), "memswap_limit");
    expect(&host["NanoCpus"], json!(500_000_000), "cpus");
    expect(&host["CpuShares"], json!(512), "cpu_shares");
    expect(&host["CpusetCpus"], json!("0"), "cpuset");
    expect(&host["PidsLimit"], json!(99), "pids_limit");
    expect(&host["OomScoreAdj"], json!(7), "oom_score_adj");
    expect(&host["RestartPolicy"], json!({"Name": "on-failure", "MaximumRetryCount": 3}), "restart");
    expect(&host["LogConfig"], json!({"Type": "json-file", "Config": {"max-size": "1m"}}), "logging");
    expect(&host["SecurityOpt"], json!(["no-new-privileges:true"]), "security_opt");
    expect(&host["Dns"], json!(["10.9.9.9"]), "dns");
    let nproc = host["Ulimits"].as_array().unwrap().iter().find(|limit| limit["Name"] == "nproc").unwrap();
    expect(nproc, json!({"Name": "nproc", "Hard": 4000, "Soft": 4000}), "ulimits");
    expect(&config["StopSignal"], json!("SIGKILL"), "stop_signal");
    expect(&config["StopTimeout"], json!(67), "stop_grace_period");
    expect(&config["Domainname"], json!("example.test"), "domainname");
    expect(
        &config["Healthcheck"],
        json!({"Test": ["CMD", "true"], "Interval": 400_000_000, "Timeout": 5_000_000_000_u64, "StartPeriod": 6_000_000_000_u64, "Retries": 4}),
        "healthcheck",
    );
    let exposed: Vec<&String> = config["ExposedPorts"].as_object().unwrap().keys().collect();
    assert_eq!(exposed.len(), 5, "{exposed:?}");
    for port in ["53/udp", "80/tcp", "7000/udp", "7001/udp", "9000/tcp"] {
        assert!(exposed.iter().any(|found| *found == port), "{port} in {exposed:?}");
    }
    let published = &found["NetworkSettings"]["Ports"];
    assert_eq!(published["80/tcp"][0]["HostIp"], "127.0.0.1");
    assert_ne!(published["80/tcp"][0]["HostPort"], "0");
    assert_eq!(published["53/udp"][0]["HostIp"], "127.0.0.1");
    if bench.is_modern() {
        expect(&host["Annotations"], json!({"note": "yes"}), "annotations");
    }
    let labels = &config["Labels"];
    assert_eq!(labels["shop.tier"], "front");
    assert_eq!(labels["com.docker.compose.service"], "everything");
    assert_eq!(labels["com.docker.compose.project.working_dir"], bench.directory().to_str().unwrap());
    let networks = found["NetworkSettings"]["Networks"].as_object().unwrap();
    let front = &networks[&format!("{}_front", bench.project)];
    expect(&front["IPAddress"], json!(format!("{net}.5")), "ipv4_address");
    let aliases = front["Aliases"].as_array().unwrap();
    for alias in ["shop", "till", "everything"] {
        assert!(aliases.iter().any(|found| found == alias), "{alias} in {aliases:?}");
    }
    assert!(networks.contains_key(&format!("{}_back", bench.project)));
    let anonymous = found["Mounts"]
        .as_array()
        .unwrap()
        .iter()
        .any(|m| m["Destination"] == "/anonymous" && m["Type"] == "volume");
    assert!(anonymous, "{}", found["Mounts"]);
}

fn files(bench: &Bench) {
    let text = said(bench, "files");
    for line in ["site", "key", "tok", "literal env"] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
    let mode_of = |path: &str| {
        text.lines().find(|line| line.contains(path) && line.starts_with('-')).unwrap_or_default().to_owned()
    };
    assert!(mode_of("/run/secrets/token").starts_with("-r--------"), "{text}");
    let literal = mode_of("/literal");
    assert!(
        literal.starts_with("-r--r-----") && literal.contains(" 12 ") && literal.contains(" 13 "),
        "{text}"
    );
    let found = bench.inspect("files-1");
    assert_eq!((&found["Config"]["Tty"], &found["Config"]["OpenStdin"]), (&json!(true), &json!(true)));
    assert_eq!(found["Config"]["Cmd"][1], "-c");
}

fn shared(bench: &Bench) {
    let owner = bench.inspect("everything")["Id"].as_str().unwrap().to_owned();
    for number in 1..=2 {
        let found = bench.inspect(&format!("shared-{number}"));
        let host = &found["HostConfig"];
        assert_eq!(host["NetworkMode"], format!("container:{owner}"));
        assert_eq!(host["PidMode"], format!("container:{owner}"));
        assert_eq!(host["IpcMode"], "shareable");
        assert_eq!(host["VolumesFrom"], json!([bench.id("files-1")]));
        assert_eq!((&host["Memory"], &host["MemoryReservation"]), (&json!(48 << 20), &json!(24 << 20)));
        assert_eq!((&host["NanoCpus"], &host["PidsLimit"]), (&json!(250_000_000), &json!(77)));
        assert_eq!(host["RestartPolicy"], json!({"Name": "on-failure", "MaximumRetryCount": 2}));
        assert_eq!(found["Config"]["Labels"]["com.docker.compose.container-number"], number.to_string());
        assert_eq!(
            found["Config"]["Labels"]["com.docker.compose.depends_on"],
            "everything:service_healthy:true,files:service_started:false"
        );
    }
    let text = said(bench, "shared");
    assert_eq!(text.matches("/data/mark").count(), 2, "{text}");
    assert_eq!(bench.inspect("job-1")["HostConfig"]["NetworkMode"], "none");
    assert_eq!(bench.inspect("job-1")["State"]["ExitCode"], 0);
}

fn objects(bench: &Bench, net: &str) {
    let front = bench.get(&format!("/networks/{}_front", bench.project));
    assert_eq!(front["IPAM"]["Config"][0]["Subnet"], format!("{net}.0/24"));
    assert_eq!(front["Labels"]["side"], "front");
    assert_eq!(front["Labels"]["com.docker.compose.network"], "front");
    assert_eq!(bench.get(&format!("/networks/{}_back", bench.project))["Internal"], true);
    let volume = bench.get(&format!("/volumes/{}_data", bench.project));
    assert_eq!(volume["Labels"]["keep"], "no");
    assert_eq!(volume["Labels"]["com.docker.compose.volume"], "data");
}
