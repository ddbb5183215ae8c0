//! The layers of `docs/architecture.md`, held by reading every `crate::` path in `src/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Rank, module, whether it is pure, and what it may use. The order is that of the document.
const LAYERS: &[(u8, &str, bool, &[&str])] = &[
    (0, "base", true, &[]),
    (1, "diag", true, &["base"]),
    (1, "event", true, &["base"]),
    (1, "state", true, &["base"]),
    (2, "yaml", true, &["base", "diag"]),
    (3, "schema", true, &["base", "diag", "yaml"]),
    (3, "model", true, &["base", "diag", "yaml"]),
    (4, "load", true, &["base", "diag", "yaml", "schema", "model"]),
    (4, "graph", true, &["base", "diag", "model"]),
    (4, "spec", true, &["base", "diag", "yaml", "model"]),
    (5, "plan", true, &["base", "diag", "event", "model", "graph", "spec", "state"]),
    (5, "lint", true, &["base", "diag", "yaml", "model", "load"]),
    (5, "engine", false, &["base", "event", "spec", "state"]),
    (6, "docker", false, &["base", "event", "spec", "state", "engine"]),
    (6, "memory", false, &["base", "event", "spec", "state", "engine"]),
    (6, "observe", false, &["base", "spec", "state", "engine"]),
    (6, "logs", false, &["base", "event", "spec", "state", "engine"]),
    (6, "ui", false, &["base", "diag", "event", "spec", "state", "plan"]),
    (7, "apply", false, &["base", "diag", "event", "spec", "state", "plan", "engine"]),
    (
        8,
        "app",
        false,
        &[
            "base", "diag", "event", "state", "yaml", "schema", "model", "load", "graph", "spec", "plan",
            "lint", "engine", "observe", "logs", "apply",
        ],
    ),
    (9, "cli", false, &["base", "diag", "event", "state", "plan", "app", "ui", "docker", "memory"]),
];

/// Crates with one home.
const HOMES: &[(&str, &str)] = &[
    ("bollard", "docker"),
    ("petgraph", "graph"),
    ("clap", "cli"),
    ("clap_complete", "cli"),
    ("clap_mangen", "cli"),
    ("console", "ui"),
    ("annotate_snippets", "ui"),
    ("gtmpl_ng", "ui"),
    ("granit_parser", "yaml"),
    ("reqwest", "app"),
];

/// What a pure module may not name. `load` reads files through a trait, with the standard library's paths only.
const IMPURE: &[&str] = &[
    "tokio::",
    "bollard::",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "Instant::now",
    "SystemTime",
    "println!",
    "eprintln!",
];

fn sources(dir: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// The text without its line comments and without the tests at its end.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let body = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(&text);
    body.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

fn module_of(path: &Path, src: &Path) -> String {
    let inside = path.strip_prefix(src).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The modules named after `crate::` (or `rcompose::`), braces opened at the top level included.
fn used_modules(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            let mut at_start = true;
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => at_start = true,
                    c if depth == 0 && at_start && (c.is_alphanumeric() || c == '_') => {
                        word.push(c);
                        continue;
                    }
                    _ => {}
                }
                if !word.is_empty() {
                    found.push(std::mem::take(&mut word));
                    at_start = c == ',';
                }
            }
            if !word.is_empty() {
                found.push(word);
            }
        } else {
            found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

#[test]
fn imports_go_downwards_only() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let table: BTreeMap<&str, &(u8, &str, bool, &[&str])> = LAYERS.iter().map(|row| (row.1, row)).collect();
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut breaches = Vec::new();
    let mut checked = 0;
    for file in &files {
        let module = module_of(file, &src);
        if module == "lib" || module == "main" || file.ends_with("tests.rs") {
            continue;
        }
        let Some((_, _, pure, allowed)) = table.get(module.as_str()) else {
            breaches.push(format!("{}: module `{module}` has no row in the table", file.display()));
            continue;
        };
        let code = code(file);
        for used in used_modules(&code) {
            checked += 1;
            if used != module && table.contains_key(used.as_str()) && !allowed.contains(&used.as_str()) {
                breaches.push(format!("{}: `{module}` may not use `{used}`", file.display()));
            }
        }
        if *pure {
            for word in IMPURE {
                if code.contains(word) {
                    breaches.push(format!("{}: `{module}` is pure and names `{word}`", file.display()));
                }
            }
        }
        for (name, home) in HOMES {
            if module != *home && code.contains(&format!("{name}::")) {
                breaches.push(format!("{}: `{name}` belongs in `{home}` only", file.display()));
            }
        }
        if !["cli"].contains(&module.as_str()) && (code.contains("env::var") || code.contains("env::vars")) {
            breaches.push(format!("{}: only `cli` reads the environment", file.display()));
        }
        if module != "ui" && ["println!", "eprintln!", "print!(", "eprint!("].iter().any(|p| code.contains(p))
        {
            breaches.push(format!("{}: only `ui` prints", file.display()));
        }
    }
    assert!(checked > 100, "the walk saw only {checked} paths: it reads the wrong place");
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn the_table_itself_goes_downwards() {
    let rank: BTreeMap<&str, u8> = LAYERS.iter().map(|row| (row.1, row.0)).collect();
    for (own, module, _, allowed) in LAYERS {
        for used in *allowed {
            assert!(rank[used] < *own, "{module} ({own}) may not be allowed {used} ({})", rank[used]);
        }
    }
}

#[test]
fn braces_after_crate_are_read() {
    let code = "use crate::{base::names, diag::{Span, Code}, yaml};\nfn f() { crate::plan::make() }";
    assert_eq!(used_modules(code), ["base", "diag", "yaml", "plan"]);
}
