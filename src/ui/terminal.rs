//! The standard streams: whether they are terminals, how wide, and writing to them without dying of a
//! closed pipe.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;

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

/// Whether standard output and standard error are one terminal.
pub fn streams_are_one_terminal() -> bool {
    let device = |stream: BorrowedFd<'_>| -> io::Result<u64> {
        Ok(File::from(stream.try_clone_to_owned()?).metadata()?.rdev())
    };
    stdout_is_terminal()
        && stderr_is_terminal()
        && matches!((device(io::stdout().as_fd()), device(io::stderr().as_fd())), (Ok(a), Ok(b)) if a == b)
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
    {
        // Readiness that turns out to be none is looked at again.
        while let Ok(ready) = pipe.ready(Interest::ERROR).await {
            if ready.is_error() || ready.is_write_closed() {
                return;
            }
        }
    }
    std::future::pending().await
}

/// Writes to standard output. A reader that went away is no error.
///
/// # Errors
/// When the text could not be written, or only a part of it: the disk is full.
pub fn print(text: &str) -> io::Result<()> {
    written(write_to(io::stdout().lock(), text.as_bytes()))
}

/// Writes to standard error.
pub fn print_error(text: &str) {
    // Nothing sensible is left to do when the stream itself is gone.
    let _ = write_to(io::stderr().lock(), text.as_bytes());
}

/// What came of writing to a stream: that nobody reads it any more is no error.
pub fn written(outcome: io::Result<()>) -> io::Result<()> {
    outcome.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

fn write_to(mut stream: impl Write, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).and_then(|()| stream.flush())
}
