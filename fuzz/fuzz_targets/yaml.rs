//! Text to trees: places lie in the text, and what is printed reads back as what it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rcompose::diag::{Diagnostics, SourceMap};
use rcompose::yaml::{self, Kind, Node, emit};

fn places_lie_in(node: &Node, sources: &SourceMap) {
    assert!(sources.slice(node.span).is_some(), "{:?}", node.span);
    match &node.kind {
        Kind::Sequence(items) => items.iter().for_each(|item| places_lie_in(item, sources)),
        Kind::Mapping(map) => map.iter().for_each(|entry| {
            assert!(sources.slice(entry.key.span).is_some(), "{:?}", entry.key);
            places_lie_in(&entry.value, sources);
        }),
        _ => {}
    }
}

/// Dates are printed in a form of their own: they are taken out, so that the rest can be compared.
fn without_dates(mut node: Node) -> Node {
    fn clear(node: &mut Node) {
        match &mut node.kind {
            Kind::Timestamp(_) => node.kind = Kind::Null,
            Kind::Sequence(items) => items.iter_mut().for_each(clear),
            Kind::Mapping(map) => map.iter_mut().for_each(|(_, value)| clear(value)),
            _ => {}
        }
    }
    clear(&mut node);
    node
}

fuzz_target!(|text: &str| {
    let mut sources = SourceMap::new();
    let file = sources.add("compose.yaml", text);
    let mut findings = Diagnostics::new();
    let documents = yaml::parse(text, file, &mut findings);
    for finding in findings.iter() {
        assert!(sources.slice(finding.span).is_some(), "{finding:?}");
    }
    for document in documents {
        places_lie_in(&document.root, &sources);
        if findings.has_errors() {
            continue;
        }
        let printed = emit::to_yaml(&document.root);
        let file = sources.add("printed", printed.as_str());
        let mut again = Diagnostics::new();
        let read = yaml::parse(&printed, file, &mut again);
        assert!(read.len() == 1 && !again.has_errors(), "{printed}\n{again:?}");
        let read = read[0].root.clone();
        assert_eq!(emit::to_yaml(&read), printed);
        assert!(without_dates(read).same(&without_dates(document.root)), "{printed}");
    }
});
