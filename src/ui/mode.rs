//! Which renderer a run gets.

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A live block.
    Tty,
    /// One line an event.
    Plain,
    /// One JSON object an event.
    Json,
    /// Nothing but warnings and errors.
    Quiet,
}

/// When colours and cursor movements are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ansi {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Why the options don't fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModeError {
    /// No such progress type.
    #[error("unsupported --progress value \"{0}\"")]
    Unknown(String),
    /// No such value of `--ansi`.
    #[error("unsupported --ansi value \"{0}\": write never, always or auto")]
    UnknownAnsi(String),
    /// `tty` without ANSI.
    #[error("can't use --progress tty while ANSI support is disabled")]
    TtyWithoutAnsi,
    /// `plain` with ANSI.
    #[error("can't use --progress plain while ANSI support is forced")]
    PlainWithAnsi,
}

impl Ansi {
    /// Reads `never`, `always` or `auto`; nothing means `auto`.
    pub fn parse(word: &str) -> Result<Ansi, ModeError> {
        match word {
            "" | "auto" => Ok(Ansi::Auto),
            "always" => Ok(Ansi::Always),
            "never" => Ok(Ansi::Never),
            other => Err(ModeError::UnknownAnsi(other.to_owned())),
        }
    }

    /// Whether a stream gets colours.
    pub fn colours(self, terminal: bool, no_color: bool) -> bool {
        match self {
            _ if no_color => false,
            Ansi::Always => true,
            Ansi::Never => false,
            Ansi::Auto => terminal,
        }
    }
}

impl Mode {
    /// From `--progress`, `--ansi` and whether standard error is a terminal.
    pub fn choose(progress: &str, ansi: Ansi, terminal: bool) -> Result<Mode, ModeError> {
        match progress {
            "" | "auto" if ansi == Ansi::Never => Ok(Mode::Plain),
            "" | "auto" if terminal => Ok(Mode::Tty),
            "" | "auto" => Ok(Mode::Plain),
            "tty" if ansi == Ansi::Never => Err(ModeError::TtyWithoutAnsi),
            "tty" => Ok(Mode::Tty),
            "plain" if ansi == Ansi::Always => Err(ModeError::PlainWithAnsi),
            "plain" => Ok(Mode::Plain),
            "json" => Ok(Mode::Json),
            "quiet" | "none" => Ok(Mode::Quiet),
            other => Err(ModeError::Unknown(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_follows_flags_and_terminal() {
        assert_eq!(Mode::choose("", Ansi::Auto, true), Ok(Mode::Tty));
        assert_eq!(Mode::choose("auto", Ansi::Auto, false), Ok(Mode::Plain));
        assert_eq!(Mode::choose("auto", Ansi::Never, true), Ok(Mode::Plain));
        assert_eq!(Mode::choose("tty", Ansi::Never, true), Err(ModeError::TtyWithoutAnsi));
        assert_eq!(Mode::choose("plain", Ansi::Always, true), Err(ModeError::PlainWithAnsi));
        assert_eq!(Mode::choose("none", Ansi::Auto, true), Ok(Mode::Quiet));
        assert!(Mode::choose("foo", Ansi::Auto, true).is_err());
        assert_eq!(Ansi::parse(""), Ok(Ansi::Auto));
        assert_eq!(Ansi::parse("sometimes"), Err(ModeError::UnknownAnsi("sometimes".into())));
    }
}
