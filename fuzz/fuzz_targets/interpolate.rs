//! Variables in text: no input makes it panic or run away, and doubled dollars come back as one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rcompose::load::interpolate;

fuzz_target!(|text: &str| {
    let lookup = |name: &str| match name {
        "EMPTY" => Some(String::new()),
        "A" | "HOME" => Some("value".to_owned()),
        _ => None,
    };
    if let Err(error) = interpolate::expand(text, &lookup) {
        assert!(text.get(error.range.clone()).is_some(), "{error:?}");
    }
    let expanded = interpolate::expand(&text.replace('$', "$$"), &lookup).expect("no variable is left");
    assert_eq!(expanded.text, text);
});
