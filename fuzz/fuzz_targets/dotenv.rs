//! Environment files, in both formats.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rcompose::load::dotenv;

fuzz_target!(|text: &str| {
    let lookup = |name: &str, here: Option<&str>| {
        here.map(str::to_owned).or_else(|| (name == "A").then(|| "value".to_owned()))
    };
    let lines = text.lines().count().max(1) + 1;
    for assignments in [dotenv::parse(text, &lookup).ok(), dotenv::parse_raw(text, &lookup).ok()] {
        for (_, _, line) in assignments.into_iter().flatten() {
            assert!((1..=lines).contains(&line), "line {line} of {lines}");
        }
    }
});
