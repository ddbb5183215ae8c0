//! Signals become cancellation: the first asks for a graceful end, the second forces it.

use tokio::signal::unix::{SignalKind, signal};

use crate::app::Canceller;

/// Listens to SIGINT and SIGTERM until dropped with its task; each advances the cancellation.
pub async fn listen(canceller: Canceller, on_signal: impl Fn(usize)) {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers the signals end the process as usual.
        return std::future::pending().await;
    };
    for count in 1.. {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        canceller.advance();
        on_signal(count);
    }
}
