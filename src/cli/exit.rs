//! Exit codes, in one table.
//!
//! | code | meaning |
//! | ---: | --- |
//! | 0 | it is done, or there was nothing to do |
//! | 1 | an error: in the files, the arguments, or while doing it |
//! | 2 | `plan`: there are changes to make |
//! | 130 | cancelled by a signal |
//! | other | the code of a container (`up --exit-code-from`, `--abort-on-container-exit`) |

/// It is done.
pub const OK: u8 = 0;
/// Something went wrong.
pub const ERROR: u8 = 1;
/// `plan` found changes.
pub const CHANGES: u8 = 2;
/// A signal ended it.
pub const CANCELLED: u8 = 130;
