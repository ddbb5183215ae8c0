use super::*;
use crate::load::files::MapFiles;
use crate::yaml::emit;

struct Outcome {
    root: Option<Node>,
    findings: Vec<String>,
}

impl Outcome {
    fn at(&self, path: &str) -> String {
        let found = path.split('.').try_fold(self.root.as_ref(), |node, key| Some(node?.get(key)));
        found.flatten().map(emit::to_json_compact).unwrap_or_default()
    }
}

fn load(files: MapFiles, names: &[&str], options: Options) -> Outcome {
    let (mut sources, mut diags) = (SourceMap::new(), Diagnostics::new());
    let compose_files: Vec<ComposeFile> = names
        .iter()
        .map(|name| {
            let path = PathBuf::from(name);
            let text = files.read(&path).ok().and_then(|bytes| files::decode(bytes).ok()).unwrap_or_default();
            let file = sources.add(*name, text);
            ComposeFile { path, name: (*name).to_owned(), file }
        })
        .collect();
    let mut environment = Environment::new();
    environment.set("OUT", "outer", Origin::Os);
    let input = Input {
        files: &compose_files,
        working_dir: Path::new("/p"),
        environment: &environment,
        name: &ProjectName::from("p"),
        options,
    };
    let reading = Reading { files: &files, remote: None };
    let root = compose_tree(input, reading, None, None, &mut sources, &mut diags);
    diags.sort();
    let findings = diags
        .iter()
        .map(|d| format!("{} {}", sources.place(d.span).unwrap_or_else(|| "-".to_owned()), d.message))
        .collect();
    Outcome { root, findings }
}

fn one(text: &str) -> Outcome {
    load(MapFiles::new().with("/p/c.yml", text), &["/p/c.yml"], Options::default())
}

#[test]
fn a_small_project_is_completed() {
    let outcome = one("services: {web: {image: x, links: [db:d], volumes: [./a:/b]}, db: {image: y}}");
    assert_eq!(outcome.findings, Vec::<String>::new());
    assert_eq!(
        outcome.at("services.web"),
        concat!(
            r#"{"image":"x","links":["db:d"],"volumes":[{"type":"bind","source":"/p/a","target":"/b","#,
            r#""bind":{"create_host_path":true}}],"networks":{"default":null},"depends_on":{"db":"#,
            r#"{"condition":"service_started","required":true,"restart":true}}}"#
        )
    );
    assert_eq!(outcome.at("networks.default"), r#"{"name":"p_default"}"#);
}

#[test]
fn one_mistake_hides_no_other() {
    let files = MapFiles::new()
        .with("/p/a.yml", "services:\n  a: {image: x, ports: ['x:1']}\n  b: {image: y, gpus: [{count: 1}]}\n")
        .with(
            "/p/b.yml",
            "services:\n  b: {gpus: all}\n  c: {extends: bb}\nvolumes: {v: {external: true, driver: d}}\n",
        );
    let outcome = load(files, &["/p/a.yml", "/p/b.yml"], Options::default());
    assert_eq!(
        outcome.findings,
        [
            "/p/a.yml:2:25 invalid hostPort: x",
            "/p/b.yml:2:13 cannot override services.b.gpus",
            "/p/b.yml:3:16 cannot extend service \"c\" in /p/b.yml: service \"bb\" not found",
            "/p/b.yml:4:31 volumes.v: conflicting parameters \"external\" and \"driver\" specified",
        ]
    );
}

#[test]
fn services_extend_across_files() {
    let files = MapFiles::new()
        .with(
            "/p/c.yml",
            "services: {web: {extends: {file: sub/b.yml, service: b}, environment: !override {C: 1}, command: c}}",
        )
        .with("/p/sub/b.yml", "services: {b: {extends: a, volumes: [./v:/v]}, a: {image: x, environment: {A: 1}}}");
    let outcome = load(files, &["/p/c.yml"], Options::default());
    assert_eq!(outcome.findings, Vec::<String>::new());
    assert_eq!(outcome.at("services.web.image"), r#""x""#);
    assert_eq!(outcome.at("services.web.environment"), r#"{"C":1}"#);
    assert!(outcome.at("services.web.volumes").contains(r#""source":"/p/sub/v""#));
}

#[test]
fn circles_of_extends_and_include_are_told_with_their_way() {
    let outcome = one("services: {a: {extends: b}, b: {extends: c}, c: {extends: a}}");
    assert_eq!(outcome.findings, ["/p/c.yml:1:59 services extend each other in a circle: a -> b -> c -> a"]);
    let files = MapFiles::new()
        .with("/p/c.yml", "include: [d.yml]\nservices: {}\n")
        .with("/p/d.yml", "include: [c.yml]\nservices: {}\n");
    let outcome = load(files, &["/p/c.yml"], Options::default());
    assert_eq!(outcome.findings, ["/p/d.yml:1:11 include cycle detected: /p/c.yml -> /p/d.yml -> /p/c.yml"]);
}

#[test]
fn included_sets_have_their_own_directory_and_variables() {
    let files = MapFiles::new()
        .with(
            "/p/c.yml",
            "include: [sub/c.yml]\nservices:\n  own: {extends: inc}\n  inc: {command: over}\n",
        )
        .with(
            "/p/sub/c.yml",
            concat!(
                "services: {inc: {image: '${IN}-${OUT}', command: under, environment: [IN], volumes: [./v:/v]}}\n",
                "configs: {c: {environment: IN}}\nsecrets: {s: {environment: IN}}\n"
            ),
        )
        .with("/p/sub/.env", "IN=inner\nOUT=lost\n");
    let outcome = load(files, &["/p/c.yml"], Options::default());
    assert_eq!(outcome.findings, Vec::<String>::new());
    assert_eq!(outcome.at("services.inc.image"), r#""inner-outer""#);
    assert_eq!(outcome.at("services.own.environment"), r#"["IN=inner"]"#);
    assert_eq!(outcome.at("services.own.command"), r#""over""#);
    assert!(outcome.at("services.inc.volumes").contains(r#""source":"/p/sub/v""#));
    assert_eq!(outcome.at("configs.c.content"), r#""inner""#);
    assert_eq!(outcome.at("secrets.s.content"), r#""inner""#);
}

#[test]
fn later_documents_reset_earlier_ones() {
    let outcome = one(concat!(
        "services: {s: {image: x, ports: [80], labels: {a: b}}}\n---\n",
        "services: {s: {ports: !reset [], labels: !override {c: d}}}\n"
    ));
    assert_eq!(outcome.findings, Vec::<String>::new());
    assert_eq!(
        (outcome.at("services.s.ports"), outcome.at("services.s.labels")),
        (String::new(), r#"{"c":"d"}"#.to_owned())
    );
}

#[test]
fn without_interpolation_nothing_comes_from_the_environment() {
    let options = Options { interpolate: false, ..Options::default() };
    let files = MapFiles::new()
        .with("/p/c.yml", "services: {s: {image: '${X}', environment: [OUT], ports: ['${P}:80']}}");
    let outcome = load(files, &["/p/c.yml"], options);
    assert_eq!(outcome.findings, Vec::<String>::new());
    assert_eq!(outcome.at("services.s.environment"), r#"["OUT"]"#);
    assert_eq!(outcome.at("services.s.ports"), r#"["${P}:80"]"#);
}

#[test]
fn hooks_before_the_start_are_completed_from_their_service() {
    let outcome = one(
        "services: {s: {image: x, user: u, environment: [A=1], volumes: [v:/vol], pre_start: [{command: c, environment: {A: 2}}]}}\nvolumes: {v: }",
    );
    let hook = outcome.at("services.s.pre_start");
    assert!(hook.contains(r#""environment":["A=2"]"#) && hook.contains(r#""user":"u""#), "{hook}");
    assert!(!hook.contains("volumes"), "{hook}");
}

#[test]
fn empty_sets_are_told() {
    assert_eq!(one("# nothing\n").findings, ["/p/c.yml:1:1 empty compose file"]);
    assert_eq!(one("- a\n").findings, ["/p/c.yml:1:1 top-level object must be a mapping"]);
}
