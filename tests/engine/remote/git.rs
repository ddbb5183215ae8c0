//! Files in git repositories.

use std::io::Write;
use std::process::Stdio;

use super::bench::Bench;

const WEB: &str = "services:
  web:
    image: busybox
    command: echo ${WHO:-nobody}
    env_file: [web.env]
    volumes: [\"./data:/data\"]
";

/// A bench with the repository `app`: a project at its root and another in `sub/`, tagged `v1`.
fn bench() -> (Bench, String) {
    let bench = Bench::new();
    let commit = bench.commit(
        "app.git",
        &[
            ("compose.yaml", WEB),
            ("web.env", "FROM=root\n"),
            (".env", "WHO=theirs\n"),
            ("sub/docker-compose.yml", WEB),
            ("sub/web.env", "FROM=sub\n"),
        ],
    );
    bench.git("app.git", &["tag", "-a", "-m", "x", "v1"]);
    (bench, commit)
}

#[test]
fn a_project_is_read_from_a_repository() {
    let (bench, commit) = bench();
    bench.write("shop/.env", "WHO=me\n");
    let printed = bench.config(&["-f", "https://git.invalid/app.git"]);
    assert_eq!(
        printed,
        format!(
            "name: shop
services:
  web:
    command:
      - echo
      - me
    environment:
      FROM: root
    image: busybox
    networks:
      default: null
    volumes:
      - type: bind
        source: CACHE/{commit}/data
        target: /data
        bind: {{}}
networks:
  default:
    name: shop_default
"
        )
    );
    assert_eq!(bench.cached(), [commit]);
}

#[test]
fn a_reference_names_a_version_and_a_place() {
    let (bench, first) = bench();
    bench.write("shop/local.yaml", "services: {extra: {image: b, volumes: [\"./x:/x\"]}}");
    bench.write("shop/other/web.env", "FROM=other\n");
    bench.git("app.git", &["branch", "feature/main", "HEAD"]);
    let second = bench.commit("app.git", &[("web.env", "FROM=second\n")]);
    let root = "https://git.invalid/app.git";
    for (arguments, found, from) in [
        (vec!["-f", &format!("{root}#main")], &second, "second"),
        (vec!["-f", &format!("{root}#refs/heads/main")], &second, "second"),
        (vec!["-f", &format!("{root}#:sub")], &second, "sub"),
        (vec!["-f", &format!("{root}#main:sub/docker-compose.yml")], &second, "sub"),
        (vec!["-f", &format!("{root}?branch=main&subdir=sub")], &second, "sub"),
        (vec!["-f", &format!("{root}#{first}")], &first, "root"),
        (vec!["-f", "local.yaml", "-f", root], &second, "second"),
        (vec!["-f", root, "-f", "local.yaml"], &second, "second"),
    ] {
        // The reference takes whatever ends in the name, here `feature/main`, which is older.
        let ambiguous = arguments[1].ends_with("#main") || arguments[1].contains("#main:");
        let all: Vec<&str> = arguments.iter().copied().chain(["config"]).collect();
        let printed = if ambiguous { bench.run(&all).out } else { bench.config(&arguments) };
        assert!(printed.starts_with("name: shop\n"), "{arguments:?}: {printed}");
        assert!(printed.contains(&format!("source: CACHE/{found}/")), "{arguments:?}: {printed}");
        assert!(printed.contains(&format!("FROM: {from}\n")), "{arguments:?}: {printed}");
    }
    let printed = bench.config(&["--project-directory", "other", "-f", root]);
    assert!(printed.contains("/shop/other/data"), "{printed}");
    // A tag with a message has a hash of its own; what it names is the commit.
    let printed = bench.run(&["-f", &format!("{root}#v1"), "config"]).out;
    assert!(printed.contains(&format!("source: CACHE/{first}/data")), "{printed}");
    assert_eq!(bench.cached().len(), 2);
}

#[test]
fn include_and_extends_name_repositories() {
    let (bench, commit) = bench();
    bench.write(
        "shop/compose.yaml",
        "include:
  - path: [\"https://git.invalid/app.git#:sub\", over.yaml]
services:
  two:
    extends: {file: https://git.invalid/app.git, service: web}
",
    );
    bench.write("shop/over.yaml", "services: {web: {labels: {A: b}, volumes: [\"./q:/q\"]}}");
    let printed = bench.config(&[]);
    let sources: Vec<&str> =
        printed.lines().filter_map(|line| line.split_once("source: ")).map(|l| l.1).collect();
    let expected = ["data", "sub/data", "sub/q"].map(|path| format!("CACHE/{commit}/{path}"));
    assert_eq!(sources, expected);
    // What is extended from a directory has its paths from that directory, as with `include`.
    bench.write(
        "shop/compose.yaml",
        "services: {two: {extends: {file: \"https://git.invalid/app.git#:sub\", service: web}}}",
    );
    let printed = bench.run(&["config"]).out;
    assert!(printed.contains(&format!("CACHE/{commit}/sub/data")), "{printed}");
    assert!(printed.contains("FROM: sub"), "{printed}");
}

#[test]
fn the_variable_names_repositories_too() {
    let (bench, commit) = bench();
    for (value, separator) in
        [("https://git.invalid/app.git#v1", None), ("https://git.invalid/app.git,local.yaml", Some(","))]
    {
        bench.write("shop/local.yaml", "services: {extra: {image: b}}");
        let mut command = bench.rcompose();
        command.args(["config"]).env("COMPOSE_FILE", value);
        if let Some(separator) = separator {
            command.env("COMPOSE_PATH_SEPARATOR", separator);
        }
        let ran = bench.finish(command);
        assert!(ran.out.contains(&format!("source: CACHE/{commit}/data")), "{ran:?}");
        assert!(ran.out.starts_with("name: shop\n"), "{ran:?}");
    }
}

#[test]
fn a_commit_that_is_there_needs_no_repository() {
    let (bench, commit) = bench();
    let pinned = format!("https://git.invalid/app.git#{commit}");
    let first = bench.run(&["-f", &pinned, "config"]);
    std::fs::remove_dir_all(bench.path("repos/app.git")).unwrap();
    let second = bench.run(&["-f", &pinned, "config"]);
    assert_eq!((second.code, &second.out), (Some(0), &first.out));
    let branch = bench.run(&["-f", "https://git.invalid/app.git", "config"]);
    assert_eq!(branch.code, Some(1));
    assert!(branch.err.contains("failed to access repository at https://git.invalid/app.git"), "{branch:?}");
}

#[test]
fn a_password_in_an_address_is_neither_shown_nor_kept() {
    let (bench, commit) = bench();
    let rule = format!("url.file://{}/.insteadOf", bench.path("repos").display());
    let run = |arguments: &[&str]| {
        let mut command = bench.rcompose();
        command.args(arguments);
        command.env("GIT_CONFIG_KEY_0", &rule).env("GIT_CONFIG_VALUE_0", "https://me:hush@git.invalid/");
        bench.finish(command)
    };
    assert_eq!(run(&["-f", "https://me:hush@git.invalid/app.git", "config", "-q"]).code, Some(0));
    let kept = std::process::Command::new("grep")
        .args(["-r", "hush"])
        .arg(bench.path("cache/rcompose/remote").join(commit))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&kept.stdout), "");
    for place in ["none.git", "app.git#none", "app.git#:none", "app.git?x=1"] {
        let ran = run(&["-f", &format!("https://me:hush@git.invalid/{place}"), "config"]);
        assert_eq!(ran.code, Some(1));
        assert!(ran.err.contains("https://me:***@git.invalid/"), "{}", ran.err);
        assert!(!ran.err.contains("hush"), "{}", ran.err);
    }
}

#[test]
fn what_can_not_be_had_is_told_at_its_place() {
    let (bench, commit) = bench();
    let nowhere = "0123456789012345678901234567890123456789";
    for (reference, words) in [
        (
            "https://git.invalid/none.git".to_owned(),
            "failed to access repository at https://git.invalid/none.git",
        ),
        ("https://git.invalid/app.git#none".to_owned(), "repository does not contain ref"),
        (
            format!("https://git.invalid/app.git#{}", &commit[..8]),
            "a commit takes its full hash of 40 digits",
        ),
        (format!("https://git.invalid/app.git#{nowhere}"), "failed to fetch 0123456789"),
        ("https://git.invalid/app.git#:../x".to_owned(), "git subdirectory path traversal detected: ../x"),
        ("https://git.invalid/app.git#:none".to_owned(), "none is not in the repository"),
        ("https://git.invalid/app.git?checksum=000#main".to_owned(), "doesn't begin with the checksum 000"),
        ("https://git.invalid/app.git?x=1".to_owned(), "unexpected query \"x\""),
    ] {
        bench.write("shop/include.yaml", &format!("include:\n  - \"{reference}\"\n"));
        bench.write(
            "shop/extends.yaml",
            &format!("services:\n  a:\n    extends:\n      service: web\n      file: \"{reference}\"\n"),
        );
        for (file, place) in [("include.yaml", "include.yaml:2:5"), ("extends.yaml", "extends.yaml:5:13")] {
            let ran = bench.run(&["-f", file, "config"]);
            assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{reference}");
            assert!(ran.err.contains("error[RC0010]") && ran.err.contains(words), "{reference}: {}", ran.err);
            assert!(ran.err.contains(place), "{reference}: {}", ran.err);
        }
        let ran = bench.run(&["-f", &reference, "config"]);
        assert!(ran.code == Some(1) && ran.err.contains(words), "{reference}: {ran:?}");
    }
    // Failed clones leave nothing; the commit that was fetched for the missing directory stays.
    assert_eq!(bench.cached(), [commit]);
}

#[test]
fn links_in_a_repository_do_not_lead_out() {
    let bench = Bench::new();
    bench.write("outside.yaml", "services: {web: {image: b}}");
    bench.commit("app.git", &[("README", "")]);
    std::os::unix::fs::symlink(bench.path("outside.yaml"), bench.path("repos/app.git/compose.yaml")).unwrap();
    std::os::unix::fs::symlink(bench.path(""), bench.path("repos/app.git/dir")).unwrap();
    bench.commit("app.git", &[]);
    for place in ["", "#:dir/outside.yaml", "#:.git"] {
        let ran = bench.run(&["-f", &format!("https://git.invalid/app.git{place}"), "config"]);
        assert_eq!(ran.code, Some(1));
        assert!(ran.err.contains("git subdirectory escapes base directory"), "{place}: {}", ran.err);
    }
}

#[test]
fn the_callers_repository_is_left_alone() {
    let (bench, commit) = bench();
    bench.commit("mine", &[("a", "b")]);
    let before = bench.git("mine", &["for-each-ref"]) + &bench.git("mine", &["remote"]);
    let mut command = bench.rcompose();
    let mine = bench.path("repos/mine");
    command.args(["-f", "https://git.invalid/app.git", "config", "-q"]);
    command
        .env("GIT_DIR", mine.join(".git"))
        .env("GIT_WORK_TREE", &mine)
        .env("GIT_INDEX_FILE", mine.join("i"));
    let ran = bench.finish(command);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(bench.git("mine", &["for-each-ref"]) + &bench.git("mine", &["remote"]), before);
    assert_eq!(bench.git("mine", &["status", "--porcelain"]), "");
    assert_eq!(bench.cached(), [commit]);
}

#[test]
fn nothing_is_fetched_unasked() {
    let (bench, _) = bench();
    bench.write("shop/compose.yaml", "services: {web: {image: busybox}}");
    assert_eq!(bench.run(&["config", "-q"]).code, Some(0));
    assert!(!bench.path("cache").exists());
    let mut command = bench.rcompose();
    command.args(["-f", "https://git.invalid/app.git", "config"]);
    command.env("COMPOSE_EXPERIMENTAL_GIT_REMOTE", "false");
    let ran = bench.finish(command);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("git remote resource is disabled by"), "{}", ran.err);
    assert!(!bench.path("cache").exists());
}

/// Runs `up` with an answer on standard input. The engine is not there: whoever gets past the questions
/// fails on that.
fn up(bench: &Bench, options: &[&str], answers: &str) -> super::bench::Ran {
    let mut command = bench.rcompose();
    command.args(options).env("LEVEL", "high").env("WHO", "\u{1b}[2Jmoved");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that has failed before it asked reads nothing.
    let _ = child.stdin.take().unwrap().write_all(answers.as_bytes());
    let output = child.wait_with_output().unwrap();
    super::bench::Ran {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
    }
}

#[test]
fn a_project_from_elsewhere_is_run_with_consent() {
    let (bench, _) = bench();
    let commit = bench.commit(
        "top.git",
        &[(
            "compose.yaml",
            "include: [\"https://git.invalid/app.git\"]
services:
  top: {image: busybox, command: \"${LEVEL?} ${OTHER-x y} ${NONE}\"}
",
        )],
    );
    bench.write("shop/.env", "OTHER=file\n");
    let options = ["-p", "rem", "-f", "https://git.invalid/top.git", "up", "-d"];

    let refused = up(&bench, &options, "n\n");
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("operation cancelled by user"), "{}", refused.err);
    assert!(refused.out.contains("  - https://git.invalid/app.git\n"), "{}", refused.out);
    assert!(!refused.out.contains("variables"), "{}", refused.out);

    let second = up(&bench, &options, "y\n\n");
    assert_eq!(second.code, Some(1));
    assert!(second.err.contains("operation cancelled by user"), "{}", second.err);
    assert!(
        second.out.contains(
            "Found the following variables in configuration:
VARIABLE   VALUE      SOURCE             REQUIRED   DEFAULT
LEVEL      [hidden]   environment        yes        
NONE       <unset>    none               no         
OTHER      [hidden]   environment file   no         x y
WHO        [hidden]   environment        no         nobody
"
        ),
        "{}",
        second.out
    );
    let stored = format!("is stored in \"{}\"", bench.path("cache/rcompose/remote").join(commit).display());
    assert!(second.out.contains(&stored), "{}", second.out);

    for (all, answers) in [(&options[..], "y\ny\n"), (&[&options[..], &["-y"]].concat(), "")] {
        let agreed = up(&bench, all, answers);
        assert!(agreed.err.contains("cannot connect to Docker"), "{}", agreed.err);
    }
    // Nothing is run of what is only looked at.
    let looked = up(&bench, &["-p", "rem", "-f", "https://git.invalid/top.git", "plan"], "");
    assert!(looked.err.contains("cannot connect to Docker"), "{}", looked.err);
    assert!(!looked.out.contains("Do you want"), "{}", looked.out);
}
