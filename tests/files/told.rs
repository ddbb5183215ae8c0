//! What commands tell on standard error before any engine is asked: names of no service, and warnings.

use std::fs;
use std::path::Path;

/// Runs the program where no engine answers: its exit code, and what it tells.
fn run(directory: &Path, line: &str) -> (i32, String) {
    let output = assert_cmd::Command::cargo_bin("rcompose")
        .unwrap()
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .env("DOCKER_HOST", format!("unix://{}/no-engine.sock", directory.display()))
        .args(line.split(' '))
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

#[test]
fn names_of_no_service_are_told_in_one_way() {
    let text = "services:\n  web: {image: x:1}\n  off: {image: x:1, profiles: [p]}\njobs:\n  seed: {image: x:1, triggers: {manual: true}}\n";
    let directory = project(&[("compose.yaml", text)]);
    for line in [
        "up wbe",
        "up --scale wbe=2",
        "up --exit-code-from wbe",
        "plan wbe",
        "plan --scale wbe=2",
        "start wbe",
        "stop wbe",
        "restart wbe",
        "down wbe",
        "ps wbe",
        "logs wbe",
        "config wbe",
        "config --hash web,wbe",
    ] {
        let (code, told) = run(directory.path(), line);
        let expected = "error[RC0618]: no such service: wbe\nhelp: did you mean `web`?\n";
        assert_eq!((code, told.as_str()), (1, expected), "{line}");
    }
    for line in ["restart seed", "logs seed", "config --hash seed", "up seed"] {
        let (code, told) = run(directory.path(), line);
        assert!(code == 1 && told.contains("`seed` is a job"), "{line}: {told}");
    }
    let (_, told) = run(directory.path(), "config --hash off");
    assert!(told.contains("no such service: off\nhelp: `off` is in the files"), "{told}");
}

#[test]
fn a_warning_is_a_line_where_the_command_has_other_work() {
    let text = "services:\n  web:\n    image: x:$TAG\n    environment: {A: $TAG, B: $TAG, C: $OTHER}\n    env_file: w.env\n";
    let directory = project(&[("compose.yaml", text), ("w.env", "X=1\nY=$HOST\nZ=$HOST\n")]);
    let warnings = |told: &str| {
        let of = |line: &str| Some(line.strip_prefix("warning: ")?.to_owned());
        told.lines().filter_map(of).collect::<Vec<_>>()
    };
    let sentence = |name: &str, place: &str| {
        format!("The \"{name}\" variable is not set. Defaulting to a blank string. ({place})")
    };
    let unset = [sentence("TAG", "compose.yaml:3:14"), sentence("OTHER", "compose.yaml:4:40")];
    for line in ["ps", "logs", "stop", "restart", "down"] {
        let (_, told) = run(directory.path(), line);
        assert_eq!(warnings(&told), unset, "{line}: {told}");
        assert!(!told.contains("RC0204"), "{line}: {told}");
    }
    let (_, told) = run(directory.path(), "plan");
    assert_eq!(warnings(&told), [&unset[..], &[sentence("HOST", "w.env:2")]].concat(), "{told}");
    // Errors are drawn, whatever the command, and warnings beside them only counted. Where no service is
    // found, no environment file is read.
    let (_, told) = run(directory.path(), "plan wbe");
    assert!(
        warnings(&told).is_empty() && told.contains("error[RC0618]: no such service: wbe\nhelp:"),
        "{told}"
    );
    assert!(told.contains("(2 warnings not shown)"), "{told}");
    // Looking at the files is the work of these.
    let (_, told) = run(directory.path(), "config -q");
    assert_eq!((told.matches("warning[RC0204]").count(), told.matches("here too").count()), (3, 2), "{told}");
    assert!(warnings(&told).is_empty() && told.contains("--> w.env:2\n"), "{told}");
}

#[test]
fn nothing_is_fetched_where_that_is_forbidden() {
    let text = "include:\n  - https://127.0.0.1:1/a.git\nservices:\n  web: {extends: {file: 'oci://127.0.0.1:1/a', service: b}}\n";
    let directory = project(&[("compose.yaml", text)]);
    let refused = |told: &str| {
        told.matches("error[RC0009]: remote files are not fetched in this run").count() == 2
            && told.contains("--> compose.yaml:2:5")
            && told.contains("--> compose.yaml:4:")
    };
    for line in ["--no-remote config -q", "--no-remote plan", "--no-remote down"] {
        let (code, told) = run(directory.path(), line);
        assert!(code == 1 && refused(&told), "{line}: {told}");
    }
    let with_variable = |value: &str| {
        let output = assert_cmd::Command::cargo_bin("rcompose")
            .unwrap()
            .current_dir(directory.path())
            .env_clear()
            .env("HOME", directory.path())
            .env("RCOMPOSE_REMOTE", value)
            .args(["config", "-q"])
            .output()
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused(&with_variable("never")));
    assert!(with_variable("sometimes").contains("RCOMPOSE_REMOTE must be"), "{}", with_variable("sometimes"));
    let (code, told) = run(directory.path(), "config -q");
    assert!(code == 1 && told.contains("RC0010") && !told.contains("RC0009"), "{told}");
}

#[test]
fn what_only_a_start_needs_may_be_missing_without_one() {
    let text =
        "services:\n  web: {image: x:1, secrets: [s]}\nsecrets:\n  s: {environment: RCOMPOSE_NOT_SET}\n";
    let directory = project(&[("compose.yaml", text)]);
    let (code, told) = run(directory.path(), "up -d");
    assert!(code == 1 && told.contains("error[RC0617]") && !told.contains("connect"), "{told}");
    // Only the engine is missing here.
    let (_, told) = run(directory.path(), "up --no-start");
    assert!(
        told.contains("warning: environment variable")
            && !told.contains("RC0617")
            && told.contains("connect"),
        "{told}"
    );
}

#[test]
fn what_the_engine_would_refuse_is_told_first() {
    let text = "services:\n  web:\n    image: 'busybox:$T'\n    dns: 1.1.1.1.1\n    restart: allways\n    cap_add: [SYSADMIN]\n    secrets: [key]\n    volumes: ['v:/v']\nsecrets:\n  key: {file: ./none}\nvolumes: {v: {}}\n";
    let directory = project(&[("compose.yaml", text)]);
    for line in ["up -d", "up --no-start", "plan", "--dry-run up -d"] {
        let (code, told) = run(directory.path(), line);
        assert_eq!(code, 1, "{line}: {told}");
        for found in [
            "compose.yaml:3:12",
            "the tag is empty because `T` is not set",
            "compose.yaml:4:10",
            "did you mean `always`?",
            "did you mean `SYS_ADMIN`?",
            "compose.yaml:10:15",
            "(1 warning not shown)",
            "5 errors",
        ] {
            assert!(told.contains(found), "{line}: no {found} in {told}");
        }
        assert!(!told.contains("connect"), "{line}: {told}");
    }
    // What can be read can be printed.
    let (code, told) = run(directory.path(), "config -q");
    assert_eq!(code, 0, "{told}");
}
