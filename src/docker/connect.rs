//! One connection: a socket, a pipe, TCP, TLS, or the pipes of an `ssh` process.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::endpoint::{Address, Endpoint, EndpointError, SshTarget};
use super::tls;

/// Dials the engine, whatever the request's address says.
#[derive(Clone)]
pub(super) struct Connector {
    address: Arc<Address>,
    tls: Option<TlsConnector>,
}

impl Connector {
    pub(super) fn new(endpoint: &Endpoint) -> Result<Connector, EndpointError> {
        let tls = endpoint.tls.as_ref().map(tls::connector).transpose()?;
        Ok(Connector { address: Arc::new(endpoint.address.clone()), tls })
    }
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection of any kind.
pub(super) struct Wire(Box<dyn Duplex>);

async fn dial(address: &Address, tls: Option<&TlsConnector>) -> io::Result<Wire> {
    match address {
        #[cfg(unix)]
        Address::Unix(path) => Ok(Wire(Box::new(tokio::net::UnixStream::connect(path).await?))),
        #[cfg(not(unix))]
        Address::Unix(_) => Err(io::Error::new(io::ErrorKind::Unsupported, "no unix sockets here")),
        #[cfg(windows)]
        Address::Pipe(path) => Ok(Wire(Box::new(pipe(path).await?))),
        Address::Tcp { host, port } => {
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            stream.set_nodelay(true)?;
            let Some(tls) = tls else { return Ok(Wire(Box::new(stream))) };
            let name = ServerName::try_from(host.clone())
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            Ok(Wire(Box::new(tls.connect(name, stream).await?)))
        }
        Address::Ssh(target) => Ok(Wire(Box::new(ssh(target)?))),
    }
}

#[cfg(windows)]
async fn pipe(path: &str) -> io::Result<tokio::net::windows::named_pipe::NamedPipeClient> {
    use tokio::net::windows::named_pipe::ClientOptions;
    /// All instances are taken: wait for one.
    const ERROR_PIPE_BUSY: i32 = 231;
    loop {
        match ClientOptions::new().open(path) {
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_BUSY) => {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            other => return other,
        }
    }
}

/// The pipes of `ssh … docker system dial-stdio`; the process ends with the connection.
struct SshPipes {
    stdin: ChildStdin,
    stdout: ChildStdout,
    /// What ssh says on standard error, complete when it has ended.
    said: JoinHandle<String>,
    /// Whether the engine has sent anything.
    answered: bool,
    _child: Child,
}

/// `ssh` ended before the engine sent anything; its own words say why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct SshFailed(String);

/// Bytes of ssh's standard error that are kept.
const SSH_WORDS: usize = 4096;

fn ssh(target: &SshTarget) -> io::Result<SshPipes> {
    let mut command = Command::new("ssh");
    command.args(["-o", "ConnectTimeout=30", "-T"]);
    if let Some(port) = target.port {
        command.arg("-p").arg(port.to_string());
    }
    command.arg("--").arg(&target.destination).arg("docker");
    if let Some(socket) = &target.socket {
        command.arg("--host").arg(format!("unix://{socket}"));
    }
    command.args(["system", "dial-stdio"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| io::Error::new(error.kind(), format!("ssh: {error}")))?;
    match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
        (Some(stdin), Some(stdout), Some(stderr)) => {
            let said = tokio::spawn(words(stderr));
            Ok(SshPipes { stdin, stdout, said, answered: false, _child: child })
        }
        _ => Err(io::Error::other("ssh has no pipes")),
    }
}

/// Reads standard error to its end, so that ssh never waits for a reader.
async fn words(mut stderr: ChildStderr) -> String {
    let mut said = Vec::new();
    let mut chunk = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut chunk).await {
        let room = SSH_WORDS.saturating_sub(said.len());
        said.extend_from_slice(&chunk[..count.min(room)]);
    }
    String::from_utf8_lossy(&said).trim().to_owned()
}

impl SshPipes {
    /// Why there is no connection, once ssh has ended.
    fn poll_failure(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        Pin::new(&mut self.said).poll(cx).map(|said| {
            let said = said.ok().filter(|said| !said.is_empty());
            io::Error::other(SshFailed(said.unwrap_or_else(|| "ssh exited without a message".to_owned())))
        })
    }

    /// A failure to write before the first answer means that ssh has ended.
    fn poll_written<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match result {
            Poll::Ready(Err(_)) if !self.answered => self.poll_failure(cx).map(Err),
            result => result,
        }
    }
}

impl AsyncRead for SshPipes {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.stdout).poll_read(cx, buffer));
        self.answered |= buffer.filled().len() > before;
        if self.answered { Poll::Ready(result) } else { self.poll_failure(cx).map(Err) }
    }
}

impl AsyncWrite for SshPipes {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stdin).poll_write(cx, bytes);
        self.poll_written(cx, result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stdin).poll_flush(cx);
        self.poll_written(cx, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stdin).poll_shutdown(cx)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Wire>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Wire>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (address, tls) = (Arc::clone(&self.address), self.tls.clone());
        Box::pin(async move { dial(&address, tls.as_ref()).await.map(TokioIo::new) })
    }
}
