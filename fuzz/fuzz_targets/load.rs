//! The whole loader on files in memory: the input is a Compose file, after a byte 0x1f a second one that
//! the first may include, extend or be overlaid by, after another an environment file.
#![no_main]

use std::path::{Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use rcompose::app::load::{LoadRequest, load};
use rcompose::load::discover::Request;
use rcompose::load::env::Environment;
use rcompose::load::files::MapFiles;
use rcompose::model;
use rcompose::ui::diag::{Look, draw_in, json_lines};

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.split(|byte| *byte == 0x1f);
    let mut files = MapFiles::new().with_directory("/shop");
    let mut given = Vec::new();
    for name in ["compose.yaml", "other.yaml", ".env"] {
        let Some(part) = parts.next() else { break };
        files = files.with(Path::new("/shop").join(name), part);
        given.push(name);
    }
    for overlay in [false, true] {
        let request = Request {
            files: if overlay {
                vec!["compose.yaml".to_owned(), "other.yaml".to_owned()]
            } else {
                Vec::new()
            },
            profiles: vec!["*".to_owned()],
            cwd: PathBuf::from("/shop"),
            os: Environment::new(),
            ..Request::default()
        };
        let loaded = load(&LoadRequest::full(request, Vec::new()), &files);
        for finding in loaded.findings.iter() {
            let spans = [finding.span].into_iter().chain(finding.labels.iter().map(|label| label.span));
            for span in spans.chain(finding.edit.iter().map(|edit| edit.span)).filter(|span| span.is_some()) {
                assert!(loaded.sources.slice(span).is_some(), "{finding:?}");
            }
        }
        let _ = draw_in(&loaded.findings, &loaded.sources, Look::default(), Some(Path::new("/shop")));
        let _ = json_lines(&loaded.findings, &loaded.sources);
        if let Some(project) = loaded.project.filter(|_| !loaded.findings.has_errors()) {
            let _ = model::print::yaml(&project);
            for service in project.services.values() {
                let _ = model::hash::service(service);
            }
        }
        if given.len() < 2 {
            break;
        }
    }
});
