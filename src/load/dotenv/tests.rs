use super::*;

fn lookup(name: &str, here: Option<&str>) -> Option<String> {
    matches!(name, "B" | "y").then(|| format!("<{name}>")).or_else(|| here.map(str::to_owned))
}

fn shown(text: &str) -> String {
    match parse(text, &lookup) {
        Ok(found) => {
            let pairs: Vec<String> = found.into_iter().map(|(n, v, _)| format!("{n}={v}")).collect();
            pairs.join("|")
        }
        Err(mistakes) => mistakes[0].error.to_string(),
    }
}

#[test]
fn the_grammar_is_that_of_the_reference() {
    for (text, expected) in [
        ("A = b", "A=b"),
        ("export A=b", "A=b"),
        ("exportA=b", "exportA=b"),
        ("A=b # c", "A=b"),
        ("A=b#c", "A=b#c"),
        ("A=#c", "A=#c"),
        ("A= #c", "A=#c"),
        (r"A='a\'b'", "A=a'b"),
        (r"A='a\nb\\'", r"A=a\nb\\"),
        (r#"A="a\nb""#, "A=a\nb"),
        (r#"A="\$B""#, "A=$B"),
        (r#"A="\\$B""#, r"A=\<B>"),
        (r"A=\$B", r"A=\<B>"),
        ("A=$$B", "A=$B"),
        ("A='$B'", "A=$B"),
        ("A=a\\ b", "A=a\\ b"),
        ("A=$(ls)", "A=$(ls)"),
        ("A=\" x \"", "A= x "),
        ("A: b:c", "A=b:c"),
        ("A=1\r\nC=2\r\n", "A=1|C=2"),
        ("\u{feff}A=1", "A=1"),
        ("B\nU\nA=1\n", "B=<B>|A=1"),
        ("A", "=A"),
        ("=b", "=b"),
        ("export ", "zero length string"),
        ("A=\"a\"C=b", "A=a|C=b"),
        ("A='x' y\n", "A=x|y=<y>"),
        ("A=1\nC=$A-${D:-d}", "A=1|C=1-d"),
        (r#"A="\0101\0377\0\01\0777\c\x41\q""#, "A=A\u{ff}\\\\1\\777\\c\\x41\\q"),
        ("A='a\nb'\nC=d", "A=a\nb|C=d"),
        ("A b=c", "line 1: key cannot contain a space"),
        ("A+=b", "line 1: unexpected character \"+\" in variable name \"A+=b\""),
        ("A='a'\"b\"", "line 1: unexpected character \"\\\"\" in variable name \"\\\"b\\\"\""),
        ("\nA=\"b\nc", "line 2: unterminated quoted value \"b"),
        ("A=${Z?err}", "required variable Z is missing a value: err"),
        ("A=${", "Invalid template: \"${\""),
    ] {
        assert_eq!(shown(text), expected, "{text:?}");
    }
}

#[test]
fn lines_and_unset_variables_are_told() {
    let parsed = read("# c\nA='x\ny'\n\nC=$U$U\n", &lookup);
    let parsed = parsed.unwrap_or_default();
    let lines: Vec<usize> = parsed.assignments.iter().map(|a| a.2).collect();
    assert_eq!(lines, [2, 5]);
    assert_eq!(parsed.unset, [("U".to_owned(), 5), ("U".to_owned(), 5)]);
}

#[test]
fn raw_files_are_taken_as_they_are() {
    let raw = |text| parse_raw(text, &lookup).map_err(|e| e[0].error.to_string());
    let one = |name: &str, value: &str, line| Ok(vec![(name.to_owned(), value.to_owned(), line)]);
    assert_eq!(raw("# x\n  A='$B' \r\nU\n"), one("A", "'$B' ", 2));
    assert_eq!(raw("B"), one("B", "<B>", 1));
    assert_eq!(raw("=x"), Err("no variable name on line '=x'".to_owned()));
    assert_eq!(raw("A B=x"), Err("variable 'A B' contains whitespaces".to_owned()));
}

#[test]
fn every_mistake_is_told_where_it_stands() {
    let text = "\u{feff}A=1\nB C='x\ny'\nD=a${\nE+=\"\nF=2\nG=\"${\"\nH I\nJ=\"\\n${\"\nK=\"open\nL M=1\n";
    let mistakes = parse(text, &lookup).unwrap_err();
    let told: Vec<(usize, &str)> =
        mistakes.iter().map(|m| (m.error.line(), &text[m.range.clone()])).collect();
    let expected = [(2, "B C"), (4, "${"), (5, "+"), (7, "${"), (8, "H I"), (9, "$"), (10, "\"")];
    assert_eq!(told, expected);
    let text = "=x\r\nA=1\n  B C=2\n";
    let mistakes = parse_raw(text, &lookup).unwrap_err();
    let told: Vec<&str> = mistakes.iter().map(|m| &text[m.range.clone()]).collect();
    assert_eq!(told, ["=", "B C"]);
}

/// Thirty lines, each twice the one before, would be ten gigabytes.
#[test]
fn values_that_double_end_in_a_finding() {
    let text = format!("A=0123456789\n{}", "A=$A$A\n".repeat(30));
    let keep = |_: &str, here: Option<&str>| here.map(str::to_owned);
    let error = parse(&text, &keep).unwrap_err().remove(0).error;
    assert_eq!(error, DotenvError::TooLong { line: 21 });
    assert_eq!(error.to_string(), "line 21: variables stand for more than 16 MiB of text");
}
