//! When one container's end ends all.

use super::super::up::Up;
use crate::cli::exit;
use crate::event::LogEvent;

/// When one container's end ends all, and with which code.
pub(super) struct Cascade<'a> {
    up: &'a Up,
    first: Option<i64>,
    chosen: Option<i64>,
}

impl<'a> Cascade<'a> {
    pub fn new(up: &'a Up) -> Cascade<'a> {
        Cascade { up, first: None, chosen: None }
    }

    /// Takes an event; whether everything is to be stopped now.
    pub fn sees(&mut self, event: &LogEvent) -> bool {
        let LogEvent::Exited { service, code, .. } = event else { return false };
        let up = self.up;
        if up.exit_code_from.as_deref() == Some(service.as_str()) {
            self.chosen.get_or_insert(*code);
        }
        let on_failure = up.abort_on_container_failure && *code != 0;
        let on_exit =
            up.abort_on_container_exit || (up.exit_code_from.is_some() && !up.abort_on_container_failure);
        if !(on_exit || on_failure) || self.first.is_some() {
            return false;
        }
        self.first = Some(*code);
        true
    }

    pub fn code(&self) -> u8 {
        let code = self.chosen.or(self.first).unwrap_or(0);
        u8::try_from(code).unwrap_or(exit::ERROR)
    }
}
