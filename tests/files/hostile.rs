//! Files made to hurt: each ends soon, in a finding that says what is wrong, or is simply loaded.
//!
//! Nothing here looks at a clock. What grows without bound where a limit is missing does not end at all, and
//! fails that way.

use std::path::Path;

use rcompose::app::disk::Disk;
use rcompose::app::load::{LoadRequest, Loaded, load};
use rcompose::diag::{Code, Severity};
use rcompose::load::discover::Request;
use rcompose::load::env::Environment;
use rcompose::load::files::{Files, MapFiles};
use rcompose::ui::diag::{Look, draw};

fn loaded(files: &dyn Files, directory: &Path) -> Loaded {
    let request = Request { cwd: directory.to_owned(), os: Environment::new(), ..Request::default() };
    load(&LoadRequest::full(request, Vec::new()), files)
}

/// The codes of the errors, and all of it drawn.
fn told(loaded: &Loaded) -> (Vec<Code>, String) {
    let errors = loaded.findings.iter().filter(|finding| finding.severity == Severity::Error);
    (errors.map(|finding| finding.code).collect(), draw(&loaded.findings, &loaded.sources, Look::default()))
}

fn errors(text: impl Into<Vec<u8>>) -> Vec<Code> {
    told(&loaded(&MapFiles::new().with("/p/compose.yaml", text), Path::new("/p"))).0
}

fn repeated(times: usize, line: impl Fn(usize) -> String) -> String {
    (0..times).map(line).collect()
}

const SERVICE: &str = "services:\n  a:\n    image: x\n";

#[test]
fn bombs_of_aliases_are_refused_before_they_cost_anything() {
    let list =
        |n: usize| format!("x-{n}: &a{n} [{}]\n", vec![format!("*a{}", n.wrapping_sub(1)); 10].join(", "));
    let bomb = format!("x-0: &a0 [1, 2]\n{}{SERVICE}", repeated(30, |n| list(n + 1)));
    assert_eq!(errors(bomb), [Code::TooManyNodes]);
    let merges = |n: usize| {
        format!("x-{n}: &a{n} {{<<: [{}], k{n}: 1}}\n", vec![format!("*a{}", n - 1); 10].join(", "))
    };
    let bomb = format!("x-0: &a0 {{k: 1}}\n{}{SERVICE}", repeated(30, |n| merges(n + 1)));
    assert_eq!(errors(bomb), [Code::TooManyNodes]);
    // In many documents too.
    let some = format!("---\nx-0: &a0 [1, 2]\n{}{SERVICE}", repeated(4, |n| list(n + 1)));
    assert_eq!(errors(some.repeat(100)), [Code::TooManyNodes]);
}

#[test]
fn nesting_is_bounded_everywhere() {
    for text in [
        format!("x-a: {}{}\n", "[".repeat(100_000), "]".repeat(100_000)),
        format!("x-a: {}\n", "{a: ".repeat(100_000)),
        format!("x-a:\n  {}x\n", "- ".repeat(10_000)),
        format!("{}x\n", "? ".repeat(10_000)),
        repeated(1000, |n| format!("{}a:\n", " ".repeat(n))),
    ] {
        assert_eq!(errors(text), [Code::TooDeep]);
    }
    let words =
        |depth: usize| format!("{SERVICE}    command: \"{}{}\"\n", "${A:-".repeat(depth), "}".repeat(depth));
    assert_eq!(errors(words(50)), []);
    assert_eq!(errors(words(100_000)), [Code::Interpolation]);
}

#[test]
fn bytes_that_are_no_text_are_told() {
    assert_eq!(errors(*b"services: \xff\xfe"), [Code::NotUtf8]);
    assert_eq!(errors("services:\0"), [Code::NotUtf8]);
    assert_eq!(errors(*b"\xff\xfea\0\x00\xd8"), [Code::NotUtf8]);
    assert_eq!(errors(vec![b' '; (64 << 20) + 1]), [Code::FileTooLarge]);
    // Marks and line ends that other systems write.
    assert_eq!(errors(format!("\u{feff}{SERVICE}")), []);
    assert_eq!(errors(SERVICE.replace('\n', "\r\n")), []);
    assert_eq!(errors(SERVICE.replace('\n', "\r")), []);
    let wide: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(SERVICE.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(errors(wide), []);
}

#[test]
fn ranges_and_chains_that_multiply_are_refused() {
    let ports = repeated(100, |n| format!("      - \"127.0.0.{n}:1-65535:1-65535\"\n"));
    assert_eq!(errors(format!("{SERVICE}    ports:\n{ports}")), [Code::TooManyNodes]);
    let chain =
        repeated(3000, |n| format!("  s{n}:\n    extends: s{}\n    environment: {{E{n}: x}}\n", n + 1));
    assert_eq!(errors(format!("services:\n{chain}  s3000: {{image: x}}\n")), [Code::TooManyNodes]);
    assert_eq!(errors(format!("{SERVICE}---\n").repeat(1000)), [Code::TooManyNodes]);
}

#[test]
fn includes_that_multiply_or_run_in_circles_are_refused() {
    // Each includes the next twice: a million million files, taken one by one.
    let mut files = MapFiles::new();
    for n in 0..40 {
        let name = if n == 0 { "/p/compose.yaml".to_owned() } else { format!("/p/{n}.yaml") };
        files = files.with(name, format!("include: [./{0}.yaml, ./{0}.yaml]\n{SERVICE}", n + 1));
    }
    files = files.with("/p/40.yaml", SERVICE);
    assert_eq!(told(&loaded(&files, Path::new("/p"))).0, [Code::Include]);

    let mut files = MapFiles::new().with("/p/compose.yaml", "include: [./1.yaml]\n");
    for n in 1..2000 {
        files = files.with(format!("/p/{n}.yaml"), format!("include: [./{}.yaml]\n", n + 1));
    }
    assert_eq!(told(&loaded(&files, Path::new("/p"))).0, [Code::Include]);

    let files = MapFiles::new()
        .with("/p/compose.yaml", "include: [./b/compose.yaml]\n")
        .with("/p/b/compose.yaml", "include: [../compose.yaml]\n");
    assert_eq!(told(&loaded(&files, Path::new("/p"))).0, [Code::IncludeCycle]);
}

#[test]
fn circles_through_links_are_circles() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("compose.yaml"), "include: [./again/compose.yaml]\n").unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).unwrap();
    assert_eq!(told(&loaded(&Disk::default(), folder.path())).0, [Code::IncludeCycle]);
}

#[test]
fn paths_that_are_no_files_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let compose = folder.path().join("compose.yaml");
    for (text, code) in [
        (format!("{SERVICE}    env_file: /dev/zero\n"), Code::FileTooLarge),
        (format!("{SERVICE}    env_file: .\n"), Code::FileUnreadable),
        (format!("{SERVICE}    env_file: ./pipe\n"), Code::FileUnreadable),
        ("include: [.]\n".to_owned(), Code::FileUnreadable),
        ("include: [./pipe]\n".to_owned(), Code::FileUnreadable),
        ("services: {a: {extends: {service: b, file: ./pipe}}}\n".to_owned(), Code::FileUnreadable),
    ] {
        std::fs::write(&compose, &text).unwrap();
        assert_eq!(told(&loaded(&Disk::default(), folder.path())).0, [code], "{text}");
    }
}

/// A million services would need some gigabytes. What follows the limit is not read.
#[test]
fn a_million_services_are_refused() {
    let text = format!("services: {{{}", "a: ,".repeat(1_000_000));
    let found = errors(text);
    assert_eq!(found, [Code::TooManyNodes]);
}

#[test]
fn thousands_of_everything_are_loaded() {
    let big = 10_000;
    let list = |key: &str, item: &dyn Fn(usize) -> String| {
        format!("{SERVICE}    {key}:\n{}", repeated(big, |n| format!("      - {}\n", item(n))))
    };
    for text in [
        list("ports", &|n| format!("\"{0}:{0}\"", n + 1)),
        list("ports", &|n| format!("{{target: {}}}", n + 1)),
        list("volumes", &|n| format!("{{type: tmpfs, target: /t{n}}}")),
        list("environment", &|n| format!("V{n}=${{V{n}-}}")),
        list("cap_add", &|n| format!("C{n}")),
        list("cap_add", &|_| "SAME".to_owned()),
        format!("services:\n{}", repeated(2000, |n| format!("  s{n}: {{image: x, extends: s{}}}\n", n + 1)))
            + "  s2000: {image: x}\n",
        format!(
            "services:\n{}",
            repeated(2000, |n| format!("  s{n}: {{image: x, depends_on: [s{}]}}\n", n + 1))
        ) + "  s2000: {image: x}\n",
        list("depends_on", &|n| format!("s{n}")) + &repeated(big, |n| format!("  s{n}: {{image: x}}\n")),
        format!("{SERVICE}x-keys:\n{}", repeated(10 * big, |n| format!("  k{n}: {n}\n"))),
        format!("{SERVICE}    command: \"{}\"\n", "x".repeat(1 << 20)),
    ] {
        assert_eq!(errors(text), []);
    }
}

#[test]
fn thousands_of_mistakes_are_told_and_drawn_within_bounds() {
    let circle = repeated(3000, |n| format!("  s{n}: {{image: x, depends_on: [s{}]}}\n", (n + 1) % 3000));
    let (codes, drawn) = told(&loaded(
        &MapFiles::new().with("/p/compose.yaml", format!("services:\n{circle}")),
        Path::new("/p"),
    ));
    assert_eq!(codes, [Code::DependencyCycle]);
    assert!(drawn.len() < 200_000, "{} bytes", drawn.len());

    let wrong = repeated(3000, |n| format!("  s{n}: {{imgae: x, container_name: same, networks: [n{n}]}}\n"));
    let files = MapFiles::new().with("/p/compose.yaml", format!("services:\n{wrong}"));
    let (codes, drawn) = told(&loaded(&files, Path::new("/p")));
    assert!(codes.len() >= 3000, "{}", codes.len());
    assert!(drawn.len() < 200_000, "{} bytes", drawn.len());
    assert!(drawn.contains("more findings are not shown"));

    // All on one line, as programs write JSON.
    let wrong =
        repeated(20_000, |n| format!(r#""s{n}": {{"imgae": "x", "environment": {{"A": "{{{{ b }}}}"}}}}, "#));
    let files = MapFiles::new()
        .with("/p/compose.yaml", format!(r#"{{"services": {{{wrong}"z": {{"image": "x"}}}}}}"#));
    let (codes, drawn) = told(&loaded(&files, Path::new("/p")));
    assert!(codes.len() >= 20_000, "{}", codes.len());
    assert!(drawn.len() < 400_000, "{} bytes", drawn.len());
}

#[test]
fn numbers_beyond_all_types_are_refused() {
    let huge = "9".repeat(400);
    for (line, code) in [
        (format!("scale: {huge}"), Code::Cast),
        (format!("ports: [\"{huge}:80\"]"), Code::Port),
        ("ports: [\"80-70:80-70\"]".to_owned(), Code::Port),
        (format!("stop_grace_period: {huge}h"), Code::Duration),
        (format!("mem_limit: {huge}gb"), Code::ByteSize),
        (format!("cpus: \"{huge}\""), Code::Cast),
    ] {
        assert_eq!(errors(format!("{SERVICE}    {line}\n")), [code], "{line}");
    }
}
