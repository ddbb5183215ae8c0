use super::*;
use crate::yaml::emit;

const FILE: FileId = FileId(0);

fn read(text: &str) -> (Vec<Document>, Vec<Diagnostic>) {
    let mut diags = Diagnostics::new();
    let documents = parse(text, FILE, &mut diags);
    diags.sort();
    (documents, diags.into_vec())
}

/// The only document of a text without mistakes, as compact JSON.
fn json(text: &str) -> String {
    let (documents, diags) = read(text);
    assert_eq!(diags, [], "{text}");
    assert_eq!(documents.len(), 1, "{text}");
    emit::to_json_compact(&documents[0].root)
}

fn codes(text: &str) -> Vec<Code> {
    read(text).1.into_iter().map(|d| d.code).collect()
}

fn written(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

#[test]
fn spans_are_the_bytes_that_wrote_the_value() {
    let text = "\u{feff}a:\r\n  b: é x \r\n  'c': \"d\\n\"  # e\r\nf: [1, {g: h}]\r\ni: |\r\n  j\r\n\r\nk:\r\n- l\r\n- m\r\nn: &o !foo p\r\nq: *o\r\n";
    let (documents, diags) = read(text);
    assert_eq!(diags, []);
    let root = &documents[0].root;
    let at = |path: &[&str]| {
        let node = path.iter().fold(root, |node, key| node.get(key).unwrap());
        written(text, node.span)
    };
    assert_eq!(at(&["a"]), "b: é x \r\n  'c': \"d\\n\"");
    assert_eq!(at(&["a", "b"]), "é x");
    assert_eq!(at(&["a", "c"]), "\"d\\n\"");
    assert_eq!(
        written(text, root.get("a").unwrap().as_mapping().unwrap().entry("c").unwrap().key.span),
        "'c'"
    );
    assert_eq!(at(&["f"]), "[1, {g: h}]");
    assert_eq!(written(text, root.get("f").unwrap().as_sequence().unwrap()[1].span), "{g: h}");
    assert_eq!(at(&["i"]), "j");
    assert_eq!(at(&["k"]), "l\r\n- m");
    assert_eq!(at(&["q"]), "p");
}

#[test]
fn documents_follow_one_another() {
    assert_eq!(read("").0.len(), 0);
    assert_eq!(read("# nothing\n").0.len(), 0);
    assert!(read("---\n").0[0].root.is_null());
    let (documents, diags) = read("a: 1\n---\nb: 2\n...\n---\n[c]\n");
    assert_eq!(diags, []);
    assert_eq!(documents.len(), 3);
    let (documents, diags) = read("a: 1\n---\nb: [\n---\nc: 1\nc: 2\n");
    assert_eq!(documents.len(), 1);
    assert_eq!(diags.iter().map(|d| d.code).collect::<Vec<_>>(), [Code::YamlSyntax, Code::DuplicateKey]);
}

#[test]
fn aliases_are_copies_and_merge_keys_give_way() {
    assert_eq!(json("a: &a {k: [1]}\nb: *a\n"), r#"{"a":{"k":[1]},"b":{"k":[1]}}"#);
    assert_eq!(json("a: &a {k: 1, l: 2}\nb: {<<: *a, k: 3}\n"), r#"{"a":{"k":1,"l":2},"b":{"k":3,"l":2}}"#);
    assert_eq!(json("<<: [{a: 1}, {a: 2, b: 3}]\nb: 4\n"), r#"{"b":4,"a":1}"#);
    assert_eq!(json("a: &a [{m: 1}]\nb: {<<: *a}\n"), r#"{"a":[{"m":1}],"b":{"m":1}}"#);
    assert_eq!(json("\"<<\": 3\n"), r#"{"\u003c\u003c":3}"#);
    assert_eq!(json("<<: []\n"), "{}");
    assert_eq!(json("a: &a kk\n*a : z\n"), r#"{"a":"kk","kk":"z"}"#);
    for bad in ["<<: 3", "<<:", "<<: [a]", "<<: [[{a: 1}]]", "a: &a x\n<<: *a"] {
        assert_eq!(codes(bad), [Code::MergeKey], "{bad}");
    }
}

#[test]
fn marked_places_are_noted() {
    let (documents, diags) = read(
        "s:\n  a: !reset [x]\n  b: !override {c: !reset 1}\n  l: [1, !reset 2, 3]\n  <<: {m: !reset 1, n: 2}\nt: &t !override 12\nu: *t\n",
    );
    assert_eq!(diags, []);
    assert_eq!(
        emit::to_json_compact(&documents[0].root),
        r#"{"s":{"b":{},"l":[1,3],"n":2},"t":"12","u":"12"}"#
    );
    let places: Vec<_> =
        documents[0].tagged.iter().map(|t| (t.path.to_string(), t.kind == Tagged::Reset)).collect();
    let expected = [
        ("s.a", true),
        ("s.b", false),
        ("s.b.c", true),
        ("s.l[1]", true),
        ("s.m", true),
        ("t", false),
        ("u", false),
    ];
    assert_eq!(places, expected.map(|(path, reset)| (path.to_owned(), reset)));
}

#[test]
fn many_mistakes_are_told_in_one_run() {
    let text =
        "a: 1\n'a': 2\n1: x\ntrue: {b: *nope}\n? [q]\n: z\nc: &c {d: *c}\ne: !!int x\n2001-01-01: y\nf: *e\n";
    let (documents, diags) = read(text);
    use Code::*;
    assert_eq!(
        diags.iter().map(|d| d.code).collect::<Vec<_>>(),
        [
            DuplicateKey,
            NonStringKey,
            NonStringKey,
            UnknownAnchor,
            NonStringKey,
            AliasCycle,
            BadTag,
            NonStringKey,
            UnknownAnchor
        ]
    );
    assert_eq!(written(text, diags[0].span), "'a'");
    assert_eq!(written(text, diags[0].labels[0].span), "a");
    assert_eq!(diags[1].edit.as_ref().map(|e| e.replacement.as_str()), Some("\"1\""));
    let root = &documents[0].root;
    assert_eq!(root.get("a").and_then(Node::as_int), Some(1));
    assert!(root.get("e").is_some_and(Node::is_invalid));
}

#[test]
fn tags_choose_types() {
    assert_eq!(
        json(
            "[!!str 0755, !!int '3', !!float 1, !!binary aGVsbG8=, !foo 12, !!null '', !!bool 'true', ! 12, !!str , !override true]"
        ),
        r#"["0755",3,1,"hello","12",null,true,"12","","true"]"#
    );
    for bad in ["!!int x", "!!int ''", "!!int 1.5", "!!bool yes", "!!null 3", "!!binary '*'", "!!binary /w=="]
    {
        assert_eq!(codes(bad), [Code::BadTag], "{bad}");
    }
}

#[test]
fn hostile_files_end_at_once() {
    let mut bomb = "x0: &x0 [a, a]\n".to_owned();
    for n in 1..60 {
        bomb.push_str(&format!("x{n}: &x{n} [*x{0}, *x{0}]\n", n - 1));
    }
    let mut chain = "x0: &x0 [a]\n".to_owned();
    for n in 1..400 {
        chain.push_str(&format!("x{n}: &x{n} [*x{}]\n", n - 1));
    }
    assert_eq!(codes(&bomb), [Code::TooManyNodes]);
    assert_eq!(codes(&chain), [Code::TooDeep]);
    assert_eq!(codes(&"[".repeat(100_000)), [Code::TooDeep]);
    assert_eq!(codes(&"{a: [".repeat(200)), [Code::TooDeep]);
    assert_eq!(
        codes(&(0..300).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>()),
        [Code::TooDeep]
    );
    let deep = format!("{}{}", "[".repeat(255), "]".repeat(255));
    assert_eq!(codes(&deep), []);
}

#[test]
fn syntax_errors_speak_plainly() {
    for (text, message) in [
        ("a:\n\tb: 1\n", "a tab is used as indentation"),
        ("a: b: c\n", "a second `key: value` on one line, where one value is expected"),
        ("a: 1\nb:2\nc: 3\n", "a space is missing after `:`"),
        ("a: \"x\nb: 1\n", "a quote is never closed"),
        ("a: [1, 2\nb: 1\n", "`[` is never closed"),
        ("a: 'b'c\n", "text follows a closing quote"),
        ("a: @b\n", "`@` can't begin a value"),
        ("a: \"\\q\"\n", "no escape in double quotes is written like this"),
        ("a\nb: 1\n", "a key with `:` is expected here"),
        ("a:\n  b: \"x\n  c: \"y\"\n", "a quote is never closed"),
        ("a:\n  b: 1\n c: 2\n", "this line is not indented like its neighbours"),
        ("a:\n  b: 1\n  - c\n", "a list item among the keys of a mapping"),
        ("<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> x\n", "a merge conflict is left in the file"),
        ("a: ]\n", "this bracket closes nothing"),
        ("a:\n  - x\n - y\n", "this line is not indented like its neighbours"),
    ] {
        let (_, diags) = read(text);
        assert_eq!(diags.len(), 1, "{text}");
        assert_eq!(diags[0].code, Code::YamlSyntax);
        assert_eq!(diags[0].message, message, "{text}: {diags:?}");
    }
}
