//! Times before lines.

use super::lines::split_stamp;
use crate::event::{LogEvent, Stream as Output};

/// Where the time of a line comes from.
#[derive(Clone, Copy)]
pub(super) enum Stamp {
    None,
    Engine,
    Local,
}

impl Stamp {
    pub fn line(self, source: &str, stream: Output, text: Vec<u8>) -> LogEvent {
        let (time, text) = match self {
            Stamp::None => (None, text),
            Stamp::Engine => split_stamp(text),
            Stamp::Local => (Some(local_time()), text),
        };
        LogEvent::Line { source: source.to_owned(), stream, time, text }
    }
}

/// Now, as RFC 3339 with nanoseconds, in the local zone.
fn local_time() -> String {
    let now = jiff::Zoned::now();
    let zone = if now.offset().is_zero() { "Z".to_owned() } else { now.strftime("%:z").to_string() };
    format!("{}{zone}", now.strftime("%Y-%m-%dT%H:%M:%S.%9f"))
}
