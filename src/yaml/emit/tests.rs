use super::*;
use crate::diag::{Diagnostics, FileId};

/// Prints a text that the printed form must equal.
fn fixed_point(text: &str) {
    let mut diags = Diagnostics::new();
    let documents = crate::yaml::parse(text, FileId(0), &mut diags);
    assert!(diags.is_empty(), "{diags:?}");
    assert_eq!(to_yaml(&documents[0].root), text);
}

fn list(texts: &[&str]) -> String {
    let items = texts.iter().map(|text| Node::new(Kind::String((*text).to_owned()))).collect();
    to_yaml(&Node::new(Kind::Sequence(items)))
}

#[test]
fn layout() {
    fixed_point(
        "a:\n  - 1\n  - - x\n    - c: {}\n      d: []\n    - - null\n  - e:\n      f: true\ng: -0\nh: 1e+06\n",
    );
    fixed_point("{}\n");
    fixed_point("? |-\n  a\n  b\n: c: d\n? |\n  a\n: - 1\n  - 2\n? \"\\n\"\n: []\n");
}

#[test]
fn quotes_keep_strings_strings() {
    for word in [
        "on",
        "y",
        "NO",
        "22:22",
        "190:20:30.15",
        "+1:30",
        "<<",
        "a: b",
        "- a",
        "?",
        "---",
        "...",
        " a",
        "a ",
        "a:",
    ] {
        assert_eq!(list(&[word]), format!("- '{word}'\n"));
    }
    for word in ["", "null", "~", "1", "0x1", "1_0", ".5", ".NaN", "2001-01-01", "True", "12e03", "0."] {
        assert_eq!(list(&[word]), format!("- \"{word}\"\n"));
    }
    for word in [
        "=", "80:80", "a]", "a,b", "-a", ":a", "a::b", "..", "_1", "0o8", "it's", "a#b", "nULL", "é",
        "\u{a0}",
    ] {
        assert_eq!(list(&[word]), format!("- {word}\n"));
    }
    assert_eq!(list(&["'a'"]), "- '''a'''\n");
    assert_eq!(list(&["a\tb\u{1b}\u{1f600}\u{7f}\u{fffe}"]), "- \"a\\tb\\e\\U0001F600\\x7F\\uFFFE\"\n");
    assert_eq!(list(&["\u{feff}a é"]), "- \"\\uFEFF\\x61\\x20\\xE9\"\n");
    assert_eq!(list(&["a\u{2028}b", "a\u{85}"]), "- 'a\u{2028}  b'\n- \"a\\N\"\n");
}

#[test]
fn blocks() {
    assert_eq!(
        list(&["a\nb", "a\n", "a\n\n", " a\n\n b", "\na"]),
        "- |-\n  a\n  b\n- |\n  a\n- |+\n  a\n\n- |2-\n   a\n\n   b\n- |-\n\n  a\n"
    );
    assert_eq!(
        list(&["\n", " \n", "a \nb", "a\n ", "a\r\nb"]),
        "- \"\\n\"\n- \" \\n\"\n- \"a \\nb\"\n- \"a\\n \"\n- \"a\\r\\nb\"\n"
    );
}

#[test]
fn long_lines_fold() {
    let words = (0..30).map(|n| format!("word{n:02}")).collect::<Vec<_>>().join(" ");
    fixed_point(
        "p: word00 word01 word02 word03 word04 word05 word06 word07 word08 word09 word10 word11\n  word12 word13\nq:\n  - '''word00 word01 word02 word03 word04 word05 word06 word07 word08 word09 word10\n    word11'\n",
    );
    assert_eq!(
        list(&[&words.replace(' ', "  "), &format!("{}\t", words.replace(' ', "  "))]),
        format!(
            "- {}\n{}",
            words.replace(' ', "  "),
            "- \"word00  word01  word02  word03  word04  word05  word06  word07  word08  word09\n  \\ word10  word11  word12  word13  word14  word15  word16  word17  word18  word19\n  \\ word20  word21  word22  word23  word24  word25  word26  word27  word28  word29\\t\"\n"
        )
    );
    // A text on its own, too, and a document's mark in it stays text.
    fixed_point(&format!("{}\n  --- {}\n", &words[..83], &words[84..129]));
    fixed_point("|2-\n   a\n  b\n");
    let mut map = Mapping::new();
    map.insert(Key::new(&words[..129]), Node::new(Kind::Int(1)));
    map.insert(Key::new(&words[..128]), Node::new(Kind::Int(1)));
    assert_eq!(
        to_yaml(&Node::new(Kind::Mapping(map))),
        format!("? {}\n  {}\n: 1\n{}: 1\n", &words[..83], &words[84..129], &words[..128])
    );
}
