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
        let same = read.len() == 1 && read[0].root.same(&document.root);
        assert!(same && !again.has_errors(), "{printed}\n{again:?}");
    }
});
