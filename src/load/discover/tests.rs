use super::*;
use crate::load::files::MapFiles;

fn request(cwd: &str) -> Request {
    Request { cwd: PathBuf::from(cwd), ..Request::default() }
}

/// Reads `name: x` lines instead of YAML.
fn names(id: FileId, text: &str, _: &mut Diagnostics) -> Vec<Node> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(name) = line.strip_prefix("name: ") {
            found.push(Node::string(name.trim_end(), Span::new(id, at + 6, at + line.trim_end().len())));
        }
        at += line.len();
    }
    found
}

fn run(request: &Request, files: &MapFiles) -> (Option<Located>, Vec<String>) {
    let mut sources = SourceMap::new();
    let mut diags = Diagnostics::new();
    let located = locate(request, files, None, &mut sources, &mut diags, &mut names);
    (located, diags.into_iter().map(|d| d.message).collect())
}

fn found(request: &Request, files: &MapFiles) -> Located {
    let (located, messages) = run(request, files);
    assert_eq!(messages, Vec::<String>::new());
    located.unwrap_or_else(|| panic!("nothing found"))
}

fn with_os(mut request: Request, variables: &[(&str, &str)]) -> Request {
    for (name, value) in variables {
        request.os.set(*name, *value, Origin::Os);
    }
    request
}

fn file_names(located: &Located) -> Vec<&str> {
    located.files.iter().map(|file| file.name.as_str()).collect()
}

#[test]
fn files_are_found_upwards_with_their_override() {
    let files = MapFiles::new()
        .with("/p/compose.yml", "")
        .with("/p/docker-compose.override.yaml", "")
        .with("/p/.env", "X=parent\nY=parent\n")
        .with("/p/sub/.env", "X=here\n");
    let located = found(&request("/p/sub"), &files);
    assert_eq!(file_names(&located), ["/p/compose.yml", "/p/docker-compose.override.yaml"]);
    assert_eq!(located.working_dir, Path::new("/p"));
    assert_eq!(located.name.as_str(), "p");
    assert_eq!(located.environment.get("X"), Some("here"));
    assert_eq!(located.environment.get("Y"), Some("parent"));
    assert_eq!(located.environment.get("PWD"), Some("/p/sub"));
    assert_eq!(located.environment.get("COMPOSE_PROJECT_NAME"), Some("p"));
}

#[test]
fn several_usual_files_are_told() {
    let files = MapFiles::new().with("/p/compose.yml", "").with("/p/compose.yaml", "");
    let (_, messages) = run(&request("/p"), &files);
    assert_eq!(
        messages,
        ["Found multiple config files with supported names: /p/compose.yaml, /p/compose.yml"]
    );
    let (located, messages) = run(&request("/q"), &files);
    assert!(located.is_none());
    assert_eq!(messages, ["no configuration file provided: not found"]);
}

#[test]
fn compose_file_chooses_also_from_an_env_file() {
    let files = MapFiles::new()
        .with("/p/.env", "COMPOSE_FILE=a/x.yaml,-\nCOMPOSE_PATH_SEPARATOR=,\nCOMPOSE_PROFILES= a,,b\n")
        .with("/p/a/x.yaml", "name: One\n")
        .with("/p/a/.env", "Z=1")
        .with_stdin("name: T ${Z}o\n");
    let located = found(&request("/p"), &files);
    assert_eq!(file_names(&located), ["/p/a/x.yaml", "-"]);
    assert_eq!(located.working_dir, Path::new("/p/a"));
    assert_eq!(located.name.as_str(), "t1o");
    assert_eq!(located.profiles, ["a", "", "b"]);
    assert_eq!(located.exported.len(), 3);
    let empty = with_os(request("/p"), &[("COMPOSE_FILE", "")]);
    let (_, messages) = run(&empty, &files);
    assert_eq!(
        messages,
        ["compose file \"\" set by COMPOSE_FILE environment variable is invalid: /p is a directory"]
    );
}

#[test]
fn env_files_have_their_order() {
    let files = MapFiles::new()
        .with("/p/c.yaml", "")
        .with("/p/.env", "A=default\nCOMPOSE_DISABLE_ENV_FILE=1\n")
        .with("/p/1.env", "A=1\nB=$OS\nC=1\n")
        .with("/p/2.env", "A=2\nOS=file\nD=$C\n");
    let mut explicit = with_os(request("/p"), &[("OS", "")]);
    explicit.files = vec!["c.yaml".to_owned()];
    explicit.env_files = vec!["1.env".to_owned(), "2.env".to_owned()];
    let located = found(&explicit, &files);
    let value = |name| located.environment.get(name);
    assert_eq!([value("A"), value("B"), value("D"), value("OS")], [Some("2"), Some(""), Some("1"), Some("")]);

    let mut default = request("/p");
    default.files = vec!["c.yaml".to_owned()];
    assert_eq!(found(&default, &files).environment.get("A"), None);
    default.env_files = vec!["no.env".to_owned(), "~/x".to_owned()];
    let (_, messages) = run(&default, &files);
    assert_eq!(messages, ["couldn't find env file: /p/no.env", "couldn't find env file: /home/user/x"]);
}

#[test]
fn names_come_from_four_places() {
    let files = MapFiles::new()
        .with("/My Dir/c.yaml", "name: A b\n")
        .with("/My Dir/d.yaml", "")
        .with("/___/c.yaml", "")
        .with("/link/c.yaml", "")
        .with_link("/link", "/target");
    let with = |cwd: &str, file: &str| Request { files: vec![file.to_owned()], ..request(cwd) };
    assert_eq!(found(&with("/My Dir", "d.yaml"), &files).name.as_str(), "mydir");
    let in_file = found(&with("/My Dir", "c.yaml"), &files);
    assert_eq!(in_file.name.as_str(), "ab");
    assert!(matches!(in_file.name_source, NameSource::File(_)));
    let variable = with_os(with("/My Dir", "c.yaml"), &[("COMPOSE_PROJECT_NAME", "var")]);
    assert_eq!(found(&variable, &files).name.as_str(), "var");
    let flag = Request { project_name: Some("flag".to_owned()), ..variable };
    let located = found(&flag, &files);
    assert_eq!(located.name.as_str(), "flag");
    assert_eq!(located.environment.get("COMPOSE_PROJECT_NAME"), Some("flag"));
    let bad = Request { project_name: Some("Foo".to_owned()), ..with("/My Dir", "c.yaml") };
    assert!(run(&bad, &files).1[0].starts_with("invalid project name \"Foo\": must consist only"));
    assert_eq!(run(&with("/___", "c.yaml"), &files).1, ["project name must not be empty"]);
    assert!(run(&with("/link", "c.yaml"), &files).1[0].ends_with("from a symlink. Using name \"link\""));
}

#[test]
fn missing_and_remote_files_are_all_told() {
    let files = MapFiles::new().with("/p/compose.yaml", "");
    let mut wanted = request("/p");
    wanted.files = vec!["a.yaml".to_owned(), "b.yaml".to_owned(), "oci://x".to_owned()];
    assert_eq!(
        run(&wanted, &files).1,
        [
            "remote files are not fetched in this run: oci://x",
            "compose file \"/p/a.yaml\" is invalid: open /p/a.yaml: no such file or directory",
            "compose file \"/p/b.yaml\" is invalid: open /p/b.yaml: no such file or directory",
        ]
    );
    let nowhere = Request { project_name: Some("Bad".to_owned()), ..request("/q") };
    assert_eq!(run(&nowhere, &files).1.len(), 2);
    let refused = with_os(wanted, &[("COMPOSE_EXPERIMENTAL_OCI_REMOTE", "0")]);
    assert_eq!(
        run(&refused, &files).1[0],
        "OCI remote resource is disabled by \"COMPOSE_EXPERIMENTAL_OCI_REMOTE\""
    );
}

#[test]
fn a_file_of_another_directorys_variable_is_told_where_its_path_starts() {
    let files = MapFiles::new().with("/p/x.yaml", "").with("/p/.env", "A=1\nCOMPOSE_FILE=x.yaml\n");
    let request = Request { project_directory: Some("../p".into()), ..request("/elsewhere") };
    let (mut sources, mut diags) = (SourceMap::new(), Diagnostics::new());
    locate(&request, &files, None, &mut sources, &mut diags, &mut names);
    let helps: Vec<String> = diags.into_iter().flat_map(|finding| finding.help).collect();
    assert_eq!(
        helps,
        ["/p/.env:2 sets it; its paths start from the current directory, /elsewhere", "there is /p/x.yaml"]
    );
}
