use super::*;
use crate::yaml::{Key, Mapping};

/// `services: {s: {<key>: <value>}}`, each value a scalar of the text `source`.
fn load(sources: &mut SourceMap, source: &str, key: &str) -> Node {
    let id = sources.add("f", source);
    let value = source.trim_matches('"');
    let scalar = Node::string(value, Span::new(id, 0, source.len()));
    let wrap =
        |key: &str, value: Node| Node::new(Kind::Mapping(Mapping::from_iter([(Key::new(key), value)])));
    wrap("services", wrap("s", wrap(key, scalar)))
}

fn run(source: &str, key: &str) -> (Kind, Vec<Diagnostic>, SourceMap) {
    let mut sources = SourceMap::new();
    let mut root = load(&mut sources, source, key);
    let mut env = Environment::new();
    env.set("HOME_DIR", "/h", Origin::Os);
    env.set("N", "3", Origin::Os);
    let mut diags = Diagnostics::new();
    tree_with(&mut root, &PathRef::Root, &env, &sources, &mut diags, None);
    let kind = root.get("services").and_then(|n| n.get("s")).and_then(|n| n.get(key)).map(|n| n.kind.clone());
    (kind.unwrap_or(Kind::Null), diags.into_vec(), sources)
}

#[test]
fn errors_point_at_the_expression() {
    let (kind, diags, sources) = run("\"x${U:?no}y\"", "hostname");
    assert!(matches!(kind, Kind::Invalid));
    assert_eq!(diags.len(), 1);
    assert_eq!(diags[0].code, Code::RequiredVariable);
    assert_eq!(
        diags[0].message,
        "error while interpolating services.s.hostname: required variable U is missing a value: no"
    );
    assert_eq!(diags[0].path, Some(Path::from(["services", "s", "hostname"])));
    assert_eq!(sources.slice(diags[0].span), Some("${U:?no}"));

    let (_, diags, sources) = run("$N ${A:x}", "hostname");
    assert_eq!(diags[0].code, Code::Interpolation);
    assert_eq!(sources.slice(diags[0].span), Some("${A:x}"));
}

#[test]
fn an_unset_variable_is_told_for_each_occurrence_with_a_near_name() {
    let (kind, diags, sources) = run("a$HOME_DIRR-${HOME_DIRR}", "hostname");
    assert!(matches!(kind, Kind::String(text) if text == "a-"));
    assert_eq!(diags.len(), 2);
    assert_eq!(diags[0].message, "The \"HOME_DIRR\" variable is not set. Defaulting to a blank string.");
    assert_eq!(diags[0].help, ["a variable with a similar name is set: `HOME_DIR`"]);
    assert_eq!(sources.slice(diags[1].span), Some("${HOME_DIRR}"));
}

#[test]
fn typed_places_are_converted() {
    assert!(matches!(run("${N}", "scale").0, Kind::Int(3)));
    assert!(matches!(run("${N}", "hostname").0, Kind::String(_)));
    assert!(matches!(run("1.5", "cpus").0, Kind::Float(f) if f == 1.5));
    let (kind, diags, _) = run("\"Yes\"", "privileged");
    assert!(matches!(kind, Kind::Bool(true)));
    assert_eq!(diags[0].message, "\"Yes\" for boolean is not supported by YAML 1.2, please use `true`");
    let (kind, diags, _) = run("x", "scale");
    assert!(matches!(kind, Kind::Invalid));
    assert_eq!(
        diags[0].message,
        "error while interpolating services.s.scale: failed to cast to expected type: \
         strconv.Atoi: parsing \"x\": invalid syntax"
    );
}

#[test]
fn uses_are_listed_with_their_words() {
    let mut sources = SourceMap::new();
    let root = load(&mut sources, "${A:-x$B}${C:+y} ${D?m} $$E", "hostname");
    let found: Vec<_> = variables(&root)
        .into_iter()
        .map(|u| format!("{} {} {} {}", u.name, u.default, u.alternate, u.required))
        .collect();
    assert_eq!(found, ["D   true", "C  y false", "A x$B  false", "B   false"]);
}
