//! The laws of convergence, on random small projects, random worlds to begin with, and an engine in
//! memory. A failing case is shown as the Compose files it is about.
//!
//! The cases are the same on every run; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` choose others.

mod case;
mod interruption;
mod order;
mod planned;
mod sketch;
mod steady;

use proptest::test_runner::{Config, RngSeed};

/// So many cases, always the same unless the environment asks for others. No file remembers failures:
/// what was found once becomes a test of its own.
fn cases(usual: u32) -> Config {
    let set = |name: &str| std::env::var_os(name).is_some();
    let default = Config::default();
    Config {
        cases: if set("PROPTEST_CASES") { default.cases } else { usual },
        rng_seed: if set("PROPTEST_RNG_SEED") { default.rng_seed } else { RngSeed::Fixed(20) },
        failure_persistence: None,
        max_shrink_iters: 400,
        ..default
    }
}
