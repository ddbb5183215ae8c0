//! The signals that ask for an end.

use std::io;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::env_vars;

/// How long after the docker client has hung up a signal is still the same wish to end: a terminal sends it to
/// both.
const SAME_WISH: Duration = Duration::from_millis(500);

/// Listens to SIGINT and SIGTERM until dropped, and passes on how many came so far. A docker client that runs this
/// program as a plugin and hangs up counts too. Ends when `heard` says so.
pub async fn listen(mut heard: impl FnMut(usize) -> Go) {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers the signals end the process as usual.
        return std::future::pending().await;
    };
    let mut hung_up = std::pin::pin!(hung_up(env_vars::plugin_socket()));
    let mut connected = true;
    for count in 1.. {
        loop {
            tokio::select! {
                () = next(&mut interrupt, &mut terminate) => break,
                () = &mut hung_up, if connected => {
                    connected = false;
                    // After a signal the client only follows what the terminal sent to both.
                    if count == 1 {
                        let _ = tokio::time::timeout(SAME_WISH, next(&mut interrupt, &mut terminate)).await;
                        break;
                    }
                }
            }
        }
        if heard(count) == Go::Leave {
            return;
        }
    }
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// Ends when the docker client closes the socket that it has opened for its plugin: it does so when it is told to
/// end. Never ends without such a client.
async fn hung_up(client: Option<String>) {
    if let Some(address) = client
        && let Ok(mut stream) = connect(&address).await
    {
        let mut ignored = [0; 64];
        while let Ok(1..) = stream.read(&mut ignored).await {}
        return;
    }
    std::future::pending().await
}

/// Connects to a socket; on Linux a name that begins with `@` is an abstract one.
async fn connect(address: &str) -> io::Result<UnixStream> {
    #[cfg(target_os = "linux")]
    if let Some(name) = address.strip_prefix('@') {
        use std::os::linux::net::SocketAddrExt;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
        let stream = std::os::unix::net::UnixStream::connect_addr(&address)?;
        stream.set_nonblocking(true)?;
        return UnixStream::from_std(stream);
    }
    UnixStream::connect(address).await
}

/// What a signal comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// What goes on comes to an end by itself.
    On,
    /// Nothing more is waited for.
    Leave,
}
