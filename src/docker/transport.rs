//! Requests over kept connections: the API version in the path, deadlines, a bound on their number.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::de::DeserializeOwned;
use tokio::sync::{OnceCell, Semaphore};

use super::connect::Connector;
use super::endpoint::{Address, Endpoint, EndpointError};
use super::error::{Fault, classify};
use super::spoken::{Memo, Spoken};
use super::{OLDEST_API, SHORT};
use crate::engine::EngineError;
use crate::state::ApiVersion;

/// Short calls under way at once; each needs a connection.
const MOST_CALLS: usize = 50;

/// The first call of all.
pub(super) const PING: &str = "ask the engine for its API version";

/// bollard's body, so that both kinds of requests go through one pool.
type Body = Either<
    Full<Bytes>,
    StreamBody<std::pin::Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, std::io::Error>> + Send>>>,
>;

/// The way to one engine; clones share its connections.
#[derive(Clone)]
pub(super) struct Transport {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client<Connector, Body>,
    authority: String,
    endpoint: String,
    address: Address,
    headers: HeaderMap,
    pinned: Option<ApiVersion>,
    /// What the engine said in an earlier run, and where that is kept.
    memo: Option<Memo>,
    guess: Option<Spoken>,
    /// What it says in this one.
    engine: OnceCell<Spoken>,
    calls: Semaphore,
}

/// Where a path begins.
#[derive(Clone, Copy)]
enum Root {
    /// Docker's API, in the version spoken.
    Docker,
    /// Podman's own.
    Libpod,
}

/// Podman's own API in the oldest version that serves Docker's 1.40 and later.
const LIBPOD: &str = "/v4.0.0/libpod";

/// One request.
pub(super) struct Call {
    method: Method,
    root: Root,
    path: String,
    subject: String,
    body: Bytes,
    headers: HeaderMap,
    patience: Duration,
    /// Long calls (stops, streams) don't take a place among the short ones.
    long: bool,
}

impl Call {
    pub(super) fn new(method: Method, path: impl Into<String>, subject: impl Into<String>) -> Call {
        Call {
            method,
            root: Root::Docker,
            path: path.into(),
            subject: subject.into(),
            body: Bytes::new(),
            headers: HeaderMap::new(),
            patience: SHORT,
            long: false,
        }
    }

    /// A call of Podman's own API.
    pub(super) fn libpod(mut self) -> Call {
        self.root = Root::Libpod;
        self
    }

    /// Sends a JSON body.
    pub(super) fn body(mut self, value: &serde_json::Value) -> Call {
        self.body = Bytes::from(value.to_string());
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: HeaderValue) -> Call {
        self.headers.insert(name, value);
        self
    }

    /// May take long: its own deadline.
    pub(super) fn patience(mut self, patience: Duration) -> Call {
        self.patience = patience;
        self.long = true;
        self
    }
}

impl Transport {
    pub(super) fn new(
        endpoint: Endpoint,
        pinned: Option<ApiVersion>,
        headers: HeaderMap,
        memos: Option<&Path>,
    ) -> Result<Transport, EndpointError> {
        let connector = Connector::new(&endpoint)?;
        let authority = match &endpoint.address {
            Address::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Address::Tcp { host, port } => format!("{host}:{port}"),
            _ => "localhost".to_owned(),
        };
        let memo = memos.map(|directory| Memo::new(directory, &endpoint.text));
        let guess = memo.as_ref().and_then(Memo::read).filter(|guess| guess.api() >= OLDEST_API);
        // The timer lets idle connections go.
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Ok(Transport {
            shared: Arc::new(Shared {
                client,
                authority,
                endpoint: endpoint.text,
                address: endpoint.address,
                headers,
                pinned,
                memo,
                guess,
                engine: OnceCell::new(),
                calls: Semaphore::new(MOST_CALLS),
            }),
        })
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.shared.endpoint
    }

    pub(super) fn identity(&self) -> String {
        self.shared.address.identity()
    }

    /// The API version spoken: the pinned one, else the lower of the engine's newest and ours. Until the engine has
    /// answered, that of an earlier run.
    pub(super) async fn version(&self) -> Result<ApiVersion, EngineError> {
        if let Some(pinned) = self.shared.pinned {
            return Ok(pinned);
        }
        let known = self.shared.engine.get().or(self.shared.guess.as_ref());
        match known {
            Some(known) => Ok(known.api()),
            None => self.engine().await.map(Spoken::api),
        }
    }

    /// What the engine says of itself in this run; asked when no answer has come yet.
    pub(super) async fn engine(&self) -> Result<Spoken, EngineError> {
        self.shared.engine.get_or_try_init(|| self.negotiate()).await.copied()
    }

    async fn negotiate(&self) -> Result<Spoken, EngineError> {
        let call = Call::new(Method::GET, "/_ping", PING);
        let response = self.within(&call, self.roundtrip(&call, None)).await?;
        // Engines have named their version for longer than they have served what we need.
        let spoken = match (Spoken::of(response.headers()), self.shared.pinned) {
            (Some(spoken), _) => spoken,
            (None, Some(pinned)) => Spoken { newest: pinned, libpod: false },
            (None, None) => {
                let cause = "the answer names no API version: is this a Docker engine?".to_owned();
                return Err(self.fault(PING, Fault::Broken(cause)));
            }
        };
        self.drain(response).await;
        if self.shared.pinned.is_none() && spoken.api() < OLDEST_API {
            let endpoint = self.shared.endpoint.clone();
            return Err(EngineError::TooOld { endpoint, needs: OLDEST_API, has: spoken.api() });
        }
        Ok(spoken)
    }

    /// Learns from the first answer what the engine is, and keeps it for the next run.
    fn note(&self, headers: &HeaderMap) {
        let Some(spoken) = Spoken::of(headers).filter(|spoken| spoken.api() >= OLDEST_API) else { return };
        if self.shared.engine.initialized() {
            return;
        }
        // Somebody else may have learned it in the same moment.
        let _ = self.shared.engine.set(spoken);
        if self.shared.guess != Some(spoken)
            && let Some(memo) = &self.shared.memo
        {
            memo.write(spoken);
        }
    }

    /// Sends a request in the version spoken. An engine that has changed since that was learned refuses it before
    /// it looks at it, and says what it speaks now.
    async fn send(&self, call: &Call) -> Result<Response<Incoming>, EngineError> {
        let version = self.version().await?;
        match self.roundtrip(call, Some(version)).await {
            Err(EngineError::Refused { status: 400, .. }) if self.version().await? != version => {
                self.roundtrip(call, Some(self.version().await?)).await
            }
            answer => answer,
        }
    }

    /// Sends a request; the answer's head has come and says success. Streams begin like this.
    pub(super) async fn open(&self, call: Call) -> Result<Response<Incoming>, EngineError> {
        let _place = self.place(&call).await;
        self.within(&call, self.send(&call)).await
    }

    /// Sends a request and reads a JSON answer.
    pub(super) async fn json<T: DeserializeOwned>(&self, call: Call) -> Result<T, EngineError> {
        let bytes = self.bytes(&call).await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            self.fault(
                &call.subject,
                Fault::Broken(format!("the engine's answer cannot be understood: {error}")),
            )
        })
    }

    /// Sends a request whose answer says nothing.
    pub(super) async fn done(&self, call: Call) -> Result<(), EngineError> {
        self.bytes(&call).await.map(drop)
    }

    async fn bytes(&self, call: &Call) -> Result<Bytes, EngineError> {
        let _place = self.place(call).await;
        self.within(call, async {
            let response = self.send(call).await?;
            let collected = response.into_body().collect().await;
            Ok(collected.map_err(|error| self.fault(&call.subject, error.into()))?.to_bytes())
        })
        .await
    }

    async fn place(&self, call: &Call) -> Option<tokio::sync::SemaphorePermit<'_>> {
        // The semaphore is never closed.
        if call.long { None } else { self.shared.calls.acquire().await.ok() }
    }

    /// Our own deadline around a call.
    async fn within<T>(
        &self,
        call: &Call,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        match tokio::time::timeout(call.patience, work).await {
            Ok(result) => result,
            Err(_) => Err(EngineError::TimedOut { subject: call.subject.clone(), after: call.patience }),
        }
    }

    async fn roundtrip(
        &self,
        call: &Call,
        version: Option<ApiVersion>,
    ) -> Result<Response<Incoming>, EngineError> {
        let broken = |cause: String| self.fault(&call.subject, Fault::Broken(cause));
        let path = match (version, call.root) {
            (Some(version), Root::Docker) => format!("/v{version}{}", call.path),
            (_, Root::Libpod) => format!("{LIBPOD}{}", call.path),
            (None, Root::Docker) => call.path.clone(),
        };
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(format!("http://{}{path}", self.shared.authority))
            .body(Body::Left(Full::new(call.body.clone())))
            .map_err(|error| broken(error.to_string()))?;
        request.headers_mut().extend(call.headers.clone());
        self.dress(request.headers_mut());
        let response = self
            .shared
            .client
            .request(request)
            .await
            .map_err(|error| self.fault(&call.subject, error.into()))?;
        self.note(response.headers());
        let status = response.status();
        // 304: it is so already.
        if status.is_success() || status.as_u16() == 304 || status.as_u16() == 101 {
            return Ok(response);
        }
        let body = response.into_body().collect().await;
        let body = body.map_err(|error| self.fault(&call.subject, error.into()))?.to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        Err(self.fault(&call.subject, Fault::Status(status.as_u16(), text)))
    }

    /// Carries a request of bollard's, which knows neither the version nor the address.
    pub(super) async fn carry(
        &self,
        request: bollard::BollardRequest,
    ) -> Result<Response<Incoming>, bollard::errors::Error> {
        let version = self.version().await.map_err(std::io::Error::other)?;
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let path = if path.starts_with("/v1.") { path.to_owned() } else { format!("/v{version}{path}") };
        parts.uri = Uri::try_from(format!("http://{}{path}", self.shared.authority))?;
        parts.headers.remove(HOST);
        self.dress(&mut parts.headers);
        Ok(self.shared.client.request(Request::from_parts(parts, body)).await?)
    }

    fn dress(&self, headers: &mut HeaderMap) {
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("rcompose/", env!("CARGO_PKG_VERSION"))));
        headers.extend(self.shared.headers.clone());
    }

    /// Reads an answer to its end, so that the connection can be used again.
    async fn drain(&self, response: Response<Incoming>) {
        let _ = response.into_body().collect().await;
    }

    pub(super) fn fault(&self, subject: &str, fault: Fault) -> EngineError {
        classify(subject, &self.shared.endpoint, fault)
    }
}
