//! Findings in SARIF 2.1.0, the form that code scanners hand on to forges and editors.
//!
//! Columns count characters and files are named from the working directory, as everywhere else.

use serde_json::{Map, Value, json};

use super::clean;
use super::diag::Place;
use crate::diag::{Code, Diagnostic, Diagnostics, InFile, Severity, SourceMap, Span};

/// The schema the text follows.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Every finding as one SARIF log; `why` says of a code why it matters.
pub fn render(
    findings: &Diagnostics,
    sources: &SourceMap,
    why: &dyn Fn(Code) -> &'static str,
) -> Result<String, serde_json::Error> {
    let mut codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
    codes.sort();
    codes.dedup();
    let rules: Vec<Value> = codes.iter().map(|code| rule(*code, why(*code))).collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| result(finding, codes.binary_search(&finding.code).unwrap_or_default(), sources))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "rcompose",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&log).map(|text| clean::json(&text).into_owned() + "\n")
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn rule(code: Code, why: &str) -> Value {
    json!({
        "id": code.id(),
        "name": code.slug(),
        "shortDescription": { "text": code.meaning() },
        "fullDescription": { "text": why },
        "help": { "text": why },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn result(finding: &Diagnostic, rule: usize, sources: &SourceMap) -> Value {
    let mut words = finding.message.clone();
    for more in std::iter::once(&finding.note).filter(|note| !note.is_empty()).chain(&finding.help) {
        words.push('\n');
        words.push_str(more);
    }
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(finding.code.id()));
    result.insert("ruleIndex".to_owned(), json!(rule));
    result.insert("level".to_owned(), json!(level(finding.severity)));
    result.insert("message".to_owned(), json!({ "text": words }));
    let place = location(finding.span, sources).or_else(|| finding.in_file.as_ref().map(line_of));
    let place = place.map(|mut place| {
        if let (Some(path), Some(fields)) = (&finding.path, place.as_object_mut()) {
            fields.insert("logicalLocations".to_owned(), json!([{ "fullyQualifiedName": path.quoted() }]));
        }
        place
    });
    result.insert("locations".to_owned(), json!(place.into_iter().collect::<Vec<_>>()));
    let related: Vec<Value> = finding
        .labels
        .iter()
        .filter_map(|label| {
            let mut place = location(label.span, sources)?;
            place.as_object_mut()?.insert("message".to_owned(), json!({ "text": label.message }));
            Some(place)
        })
        .collect();
    if !related.is_empty() {
        result.insert("relatedLocations".to_owned(), json!(related));
    }
    let fix = finding.edit.as_ref().and_then(|edit| {
        let (artifact, region) = physical(edit.span, sources)?;
        Some(json!([{
            "description": { "text": finding.help.first().map_or("replace it", String::as_str) },
            "artifactChanges": [{
                "artifactLocation": artifact,
                "replacements": [{
                    "deletedRegion": region,
                    "insertedContent": { "text": edit.replacement },
                }],
            }],
        }]))
    });
    if let Some(fix) = fix {
        result.insert("fixes".to_owned(), fix);
    }
    Value::Object(result)
}

fn location(span: Span, sources: &SourceMap) -> Option<Value> {
    let (artifact, region) = physical(span, sources)?;
    Some(json!({ "physicalLocation": { "artifactLocation": artifact, "region": region } }))
}

/// The location of a line of a file whose text is not shown.
fn line_of(place: &InFile) -> Value {
    let artifact = json!({ "uri": uri(&place.file) });
    json!({ "physicalLocation": { "artifactLocation": artifact, "region": { "startLine": place.line } } })
}

fn physical(span: Span, sources: &SourceMap) -> Option<(Value, Value)> {
    let place = Place::of(span, sources)?;
    let region = json!({
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    });
    Some((json!({ "uri": uri(&place.file) }), region))
}

/// A file's name as a URI reference: relative ones stay so.
fn uri(name: &str) -> String {
    let mut text = if name.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_uri_references() {
        assert_eq!(uri("a/compose.yaml"), "a/compose.yaml");
        let placed = line_of(&InFile { file: "x.env".to_owned(), line: 3 });
        let region = &placed["physicalLocation"]["region"];
        assert_eq!(region, &json!({ "startLine": 3 }));
        assert_eq!(uri("/x y/ü:1.yaml"), "file:///x%20y/%C3%BC%3A1.yaml");
    }
}
