//! The standard streams: whether they are terminals, how wide, and writing to them without dying of a
//! closed pipe.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use console::Term;
use tokio::io::Interest;
use tokio::net::unix::pipe;

/// Whether standard output is a terminal.
pub fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether standard error is a terminal.
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Whether standard input is a terminal.
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Width of standard error's terminal in columns; 80 when it is none.
pub fn stderr_width() -> usize {
    Term::stderr().size_checked().map_or(80, |(_, columns)| usize::from(columns))
}

/// Rows and columns of standard error's terminal; 24 and 80 when it is none.
pub fn stderr_size() -> (u16, u16) {
    Term::stderr().size_checked().unwrap_or((24, 80))
}

/// Width of standard output's terminal in columns; 80 when it is none.
pub fn stdout_width() -> usize {
    Term::stdout().size_checked().map_or(80, |(_, columns)| usize::from(columns))
}

/// Ends when nobody reads standard output any more: the other end of its pipe was closed. Never ends for
/// files. Must be called inside a runtime.
pub async fn stdout_unread() {
    // The pipe is only listened to, never written through: it may stay in blocking mode.
    if let Ok(stdout) = io::stdout().as_fd().try_clone_to_owned()
        && let Ok(pipe) = pipe::Sender::from_owned_fd_unchecked(stdout)
        && pipe.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

/// Writes to standard output. A reader that went away is no error of ours.
pub fn print(text: &str) {
    write_to(io::stdout().lock(), text.as_bytes());
}

/// Writes to standard error.
pub fn print_error(text: &str) {
    write_to(io::stderr().lock(), text.as_bytes());
}

fn write_to(mut stream: impl Write, bytes: &[u8]) {
    // Nothing sensible is left to do when the stream itself is gone.
    let _ = stream.write_all(bytes).and_then(|()| stream.flush());
}
