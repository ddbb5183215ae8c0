//! A proxy on the way to an engine that spoils one call: what a run does when an engine fails it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The engine refuses it with status 500.
    Refused,
    /// The connection ends before the engine sees the call.
    DroppedBefore,
    /// The engine does what is asked, and the connection ends before the answer.
    DroppedAfter,
    /// The engine does what is asked, and its answer is nonsense.
    Garbage,
    /// The engine takes its time.
    Slow,
    /// The answer breaks off in the middle; a stream does soon.
    Cut,
}

impl Fault {
    pub const ALL: [Fault; 6] =
        [Fault::Refused, Fault::DroppedBefore, Fault::DroppedAfter, Fault::Garbage, Fault::Slow, Fault::Cut];
}

/// What a refused call is told.
const REFUSAL: &str = "injected refusal";

/// A socket in front of an engine's; calls are counted in the order of their arrival.
pub struct Proxy {
    /// Its address.
    pub address: String,
    shared: Arc<Shared>,
}

struct Shared {
    engine: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: Vec<String>,
    spoil: Option<(usize, Fault)>,
}

impl Proxy {
    /// Listens in a directory. The threads end with the process.
    pub fn new(directory: &Path, engine: &str) -> Proxy {
        let path = directory.join("proxy.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let engine = PathBuf::from(engine.strip_prefix("unix://").unwrap_or(engine));
        let shared = Arc::new(Shared { engine, state: Mutex::default() });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&accepting);
                std::thread::spawn(move || {
                    let _ = serve(&shared, &client);
                    let _ = client.shutdown(Shutdown::Both);
                });
            }
        });
        Proxy { address: format!("unix://{}", path.display()), shared }
    }

    /// Spoils the call with this number from now on; `None` lets all pass.
    pub fn spoil(&self, fault: Option<(usize, Fault)>) {
        *self.shared.state.lock().unwrap() = State { calls: Vec::new(), spoil: fault };
    }

    /// The calls since then: `POST /v1.41/containers/create`.
    pub fn calls(&self) -> Vec<String> {
        self.shared.state.lock().unwrap().calls.clone()
    }
}

/// The head of a request or an answer, as it came, and what it says about its body.
struct Head {
    bytes: Vec<u8>,
    first: String,
    length: Option<usize>,
    chunked: bool,
}

impl Head {
    fn read(stream: &mut impl BufRead) -> std::io::Result<Option<Head>> {
        let mut head = Head { bytes: Vec::new(), first: String::new(), length: None, chunked: false };
        loop {
            let begin = head.bytes.len();
            if stream.read_until(b'\n', &mut head.bytes)? == 0 {
                return Ok(None);
            }
            let line = String::from_utf8_lossy(&head.bytes[begin..]).trim_end().to_owned();
            if begin == 0 {
                head.first = line;
            } else if line.is_empty() {
                return Ok(Some(head));
            } else if let Some((name, value)) = line.split_once(':') {
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => head.length = value.trim().parse().ok(),
                    "transfer-encoding" => head.chunked = value.contains("chunked"),
                    _ => {}
                }
            }
        }
    }

    /// Takes the next piece of the body off a stream; `None` at its end.
    fn piece(&mut self, stream: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        if self.chunked {
            stream.read_until(b'\n', &mut bytes)?;
            let size = String::from_utf8_lossy(&bytes).trim().to_owned();
            let size = usize::from_str_radix(size.split(';').next().unwrap(), 16).unwrap_or(0);
            let data = bytes.len();
            bytes.resize(data + size + 2, 0);
            stream.read_exact(&mut bytes[data..])?;
            self.chunked = size > 0;
            self.length = Some(0);
        } else if let Some(left) = self.length {
            bytes.resize(left, 0);
            stream.read_exact(&mut bytes)?;
            self.length = Some(0);
        } else {
            bytes.resize(64 * 1024, 0);
            let read = stream.read(&mut bytes)?;
            bytes.truncate(read);
        }
        Ok((!bytes.is_empty()).then_some(bytes))
    }
}

/// Serves the calls of one connection, each on a connection of its own to the engine.
fn serve(shared: &Shared, client: &UnixStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut writer = client.try_clone()?;
    while let Some(mut request) = Head::read(&mut reader)? {
        let mut body = Vec::new();
        if request.length.is_none() && !request.chunked {
            request.length = Some(0);
        }
        while let Some(piece) = request.piece(&mut reader)? {
            body.extend(piece);
        }
        let fault = {
            let mut state = shared.state.lock().unwrap();
            let number = state.calls.len();
            let path = request.first.split('?').next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
            state.calls.push(path);
            state.spoil.filter(|(at, _)| *at == number).map(|(_, fault)| fault)
        };
        match fault {
            Some(Fault::Refused) => {
                let text = format!("{{\"message\":\"{REFUSAL}\"}}");
                let length = text.len();
                write!(
                    writer,
                    "HTTP/1.1 500 Internal Server Error\r\nContent-Length: {length}\r\n\r\n{text}"
                )?;
                continue;
            }
            Some(Fault::DroppedBefore) => return Ok(()),
            Some(Fault::Slow) => std::thread::sleep(Duration::from_millis(1500)),
            _ => {}
        }
        let mut engine = UnixStream::connect(&shared.engine)?;
        engine.write_all(&request.bytes)?;
        engine.write_all(&body)?;
        let mut answers = BufReader::new(engine.try_clone()?);
        let Some(mut answer) = Head::read(&mut answers)? else { return Ok(()) };
        let status = answer.first.split(' ').nth(1).unwrap_or_default().to_owned();
        if status == "101" {
            return hijacked(reader, writer, answers, engine, &answer.bytes);
        }
        if matches!(status.as_str(), "204" | "304") {
            answer.length = Some(0);
        }
        match fault {
            Some(Fault::DroppedAfter) => {
                let _ = answer.piece(&mut answers)?;
                return Ok(());
            }
            Some(Fault::Garbage) => {
                let _ = answer.piece(&mut answers)?;
                let says_something = status == "200" || status == "201";
                return match says_something {
                    true => writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"Id\": [\xff"),
                    false => writer.write_all(b"\x16\x03\x01 is no HTTP\r\n\r\n"),
                };
            }
            Some(Fault::Cut) => {
                let endless = answer.chunked || answer.length.is_none();
                writer.write_all(&answer.bytes)?;
                if endless {
                    std::thread::sleep(Duration::from_millis(100));
                } else if let Some(piece) = answer.piece(&mut answers)? {
                    writer.write_all(&piece[..piece.len() / 2])?;
                }
                return Ok(());
            }
            _ => {}
        }
        writer.write_all(&answer.bytes)?;
        let ends_with_connection = answer.length.is_none() && !answer.chunked;
        while let Some(piece) = answer.piece(&mut answers)? {
            writer.write_all(&piece)?;
        }
        if ends_with_connection {
            return Ok(());
        }
    }
    Ok(())
}

/// A connection that has become a stream in both directions.
fn hijacked(
    mut from_client: impl Read + Send + 'static,
    mut to_client: UnixStream,
    mut from_engine: impl Read,
    mut to_engine: UnixStream,
    head: &[u8],
) -> std::io::Result<()> {
    to_client.write_all(head)?;
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_engine);
        let _ = to_engine.shutdown(Shutdown::Write);
    });
    std::io::copy(&mut from_engine, &mut to_client).map(drop)
}
