use std::path::{Path, PathBuf};

use super::*;
use crate::base::ProjectName;
use crate::diag::{Diagnostics, SourceMap};
use crate::load::discover::ComposeFile;
use crate::load::document::Parsed;
use crate::load::env::{Environment, Origin};
use crate::load::files::{Files, MapFiles};
use crate::load::pipeline::{Input, Options, Reading, compose_tree};

/// Loads `/p/<name>` files in order and gives the record with the texts.
fn record(files: &[(&str, &str)], layers: &[&str]) -> (Provenance, SourceMap) {
    let disk = files.iter().fold(MapFiles::new(), |disk, (name, text)| disk.with(*name, *text));
    let (mut sources, mut diags) = (SourceMap::new(), Diagnostics::new());
    let compose_files: Vec<ComposeFile> = layers
        .iter()
        .map(|name| {
            let text = String::from_utf8(disk.read(Path::new(name)).unwrap()).unwrap();
            let file = sources.add(*name, text);
            ComposeFile { path: PathBuf::from(name), name: (*name).to_owned(), file }
        })
        .collect();
    let mut environment = Environment::new();
    environment.set("SET", "s", Origin::Os);
    let input = Input {
        files: &compose_files,
        working_dir: Path::new("/p"),
        environment: &environment,
        name: &ProjectName::from("p"),
        options: Options::default(),
    };
    let reading = Reading { files: &disk, remote: None };
    let mut log = Provenance::default();
    compose_tree(input, reading, Some(Parsed::with_aliases()), Some(&mut log), &mut sources, &mut diags);
    assert!(!diags.has_errors(), "{diags:?}");
    (log, sources)
}

/// `path: old <- new`, as written.
fn shadows(log: &Provenance, sources: &SourceMap) -> Vec<String> {
    let shown = |span| match sources.slice(span) {
        Some(text) => format!("{} {text}", sources.place(span).unwrap_or_default()),
        None => "nothing".to_owned(),
    };
    log.shadowed.iter().map(|s| format!("{}: {} <- {}", s.path, shown(s.span), shown(s.by))).collect()
}

#[test]
fn what_later_files_replace_is_noted() {
    let first = "services:\n  web:\n    image: a\n    command: [x, y]\n    build: ./old\n    environment: {A: '1', B: b}\n    \
                 ports: ['80:80']\n    volumes: ['data:/d']\nvolumes: {data: {}}\n";
    let second = "services:\n  web:\n    image: b\n    command: [z]\n    build: {context: ./new}\n    environment: [A=2]\n    \
                  ports: ['81:80']\n    volumes: ['./d:/d']\n";
    let (log, sources) = record(&[("/p/1", first), ("/p/2", second)], &["/p/1", "/p/2"]);
    assert_eq!(
        shadows(&log, &sources),
        [
            "services.web.image: /p/1:3:12 a <- /p/2:3:12 b",
            "services.web.command: /p/1:4:14 [x, y] <- /p/2:4:14 [z]",
            "services.web.build.context: /p/1:5:12 ./old <- /p/2:5:22 ./new",
            "services.web.environment.A: /p/1:6:22 '1' <- /p/2:6:19 A=2",
            "services.web.volumes[0]: /p/1:8:15 'data:/d' <- /p/2:8:15 './d:/d'",
        ]
    );
}

#[test]
fn tags_extends_and_includes_are_noted() {
    let first = "include: [inc.yaml]\nservices:\n  web:\n    extends: {file: base.yaml, service: b}\n    image: own\n    ports: ['1:1']\n    \
                 labels: {l: x}\n  inc:\n    image: mine\n";
    let base = "services:\n  b:\n    image: base\n    hostname: h\n";
    let included = "services:\n  inc:\n    image: theirs\n";
    let second = "services:\n  web:\n    ports: !override ['2:2']\n    labels: !reset {}\n";
    let (log, sources) = record(
        &[("/p/1", first), ("/p/base.yaml", base), ("/p/inc.yaml", included), ("/p/2", second)],
        &["/p/1", "/p/2"],
    );
    assert_eq!(
        shadows(&log, &sources),
        [
            "services.inc.image: /p/inc.yaml:3:12 theirs <- /p/1:9:12 mine",
            "services.web.image: /p/base.yaml:3:12 base <- /p/1:5:12 own",
            "services.web.ports: /p/1:6:12 ['1:1'] <- /p/2:3:22 ['2:2']",
            "services.web.labels: /p/1:7:13 {l: x} <- nothing",
        ]
    );
    let tags: Vec<&str> = log
        .shadowed
        .iter()
        .filter_map(|s| match s.how {
            How::Tag(span) => sources.slice(span),
            _ => None,
        })
        .collect();
    assert_eq!(tags.len(), 2, "{tags:?}");
    assert_eq!(log.extended.len(), 1);
    assert_eq!(log.extended[0].from.to_string(), "services.b");
    assert_eq!(sources.slice(log.included[0].1), Some("inc.yaml"));
}

#[test]
fn aliases_and_variables_are_noted() {
    let text = "x-d: &d {image: \"${SET}\", hostname: h}\nservices:\n  web:\n    <<: *d\n    hostname: own\n  api: *d\n";
    let (log, sources) = record(&[("/p/1", text)], &["/p/1"]);
    let borrowed: Vec<String> = log
        .borrowed
        .iter()
        .map(|b| {
            let hidden: Vec<String> =
                b.hidden.iter().map(|(key, value)| format!("{key}={}", super::text(value))).collect();
            format!("{} {} {:?}", b.path, sources.slice(b.alias).unwrap(), hidden)
        })
        .collect();
    assert_eq!(borrowed, ["services.web *d [\"hostname=h\"]", "services.api *d []"]);
    let used: Vec<String> = log.substitutions.iter().map(|s| format!("{}={:?}", s.path, s.value)).collect();
    assert_eq!(
        used,
        ["x-d.image=Some(\"s\")", "services.web.image=Some(\"s\")", "services.api.image=Some(\"s\")"]
    );
}
