//! Against a server in the test itself, which says what a registry would.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use super::*;

/// One request: its first line, its `authorization`, its body.
type Seen = (String, String, String);

/// Answers each connection by what `answer` says of its request, and tells every request it saw.
fn serve(
    answer: impl Fn(&Seen, &str) -> String + Send + 'static,
) -> (String, std::sync::mpsc::Receiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let own = host.clone();
    let (sender, seen) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut request: Seen = Default::default();
            let mut length = 0;
            if reader.read_line(&mut request.0).is_err() {
                continue;
            }
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let Some((name, value)) = line.trim().split_once(':') else { break };
                match name.to_lowercase().as_str() {
                    "authorization" => value.trim().clone_into(&mut request.1),
                    "content-length" => length = value.trim().parse().unwrap(),
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            request.2 = String::from_utf8(body).unwrap();
            let text = answer(&request, &own);
            let _ = stream.write_all(text.as_bytes());
            if sender.send(request).is_err() {
                break;
            }
        }
    });
    (host, seen)
}

fn reply(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

struct Known(Login);

impl Credentials for Known {
    fn login(&self, _: &str) -> Result<Option<Login>, String> {
        Ok(Some(self.0.clone()))
    }
}

fn registries(host: &str, credentials: Arc<dyn Credentials>) -> (Registries, ImageRef) {
    let image = ImageRef::parse(&format!("{host}/org/app:1")).unwrap();
    (Registries::new(vec![host.to_owned()], credentials), image)
}

fn me() -> Arc<dyn Credentials> {
    Arc::new(Known(Login::Password { username: "me".to_owned(), password: "pass".to_owned() }))
}

#[test]
fn a_token_is_bought_once_and_kept() {
    let (host, seen) = serve(|request, host| match (request.0.as_str(), request.1.as_str()) {
        (path, _) if path.starts_with("GET /token?") => reply("200 OK", "", r#"{"token":"T"}"#),
        (_, "Bearer T") => reply("200 OK", "", "content"),
        _ => {
            let challenge = format!(
                "www-authenticate: Bearer realm=\"http://{host}/token\",service=\"s x\",scope=\"repository:org/app:pull\"\r\n"
            );
            reply("401 Unauthorized", &challenge, "")
        }
    });
    let (registries, image) = registries(&host, me());
    let manifest = registries.get(&image, Item::Manifest("1"), 100).unwrap();
    let blob = registries.get(&image, Item::Blob("sha256:x"), 100).unwrap();
    assert_eq!((manifest.as_slice(), blob.as_slice()), (&b"content"[..], &b"content"[..]));
    let seen: Vec<Seen> = seen.try_iter().collect();
    let lines: Vec<&str> = seen.iter().map(|request| request.0.trim_end()).collect();
    assert_eq!(
        lines,
        [
            "GET /v2/org/app/manifests/1 HTTP/1.1",
            "GET /token?scope=repository%3Aorg%2Fapp%3Apull&service=s+x HTTP/1.1",
            "GET /v2/org/app/manifests/1 HTTP/1.1",
            "GET /v2/org/app/blobs/sha256:x HTTP/1.1",
        ]
    );
    assert_eq!(seen[0].1, "");
    assert_eq!(seen[1].1, "Basic bWU6cGFzcw==");
}

#[test]
fn an_identity_token_buys_a_token() {
    let (host, seen) = serve(|request, host| match (request.0.as_str(), request.1.as_str()) {
        (path, _) if path.starts_with("POST /token ") => reply("200 OK", "", r#"{"access_token":"T"}"#),
        (_, "Bearer T") => reply("200 OK", "", "content"),
        _ => reply(
            "401 Unauthorized",
            &format!("www-authenticate: Bearer realm=\"http://{host}/token\"\r\n"),
            "",
        ),
    });
    let (registries, image) = registries(&host, Arc::new(Known(Login::IdentityToken("identity".to_owned()))));
    assert_eq!(registries.get(&image, Item::Manifest("1"), 100).unwrap(), b"content");
    let bought = seen.try_iter().nth(1).unwrap();
    assert_eq!(
        bought.2,
        "scope=repository%3Aorg%2Fapp%3Apull&grant_type=refresh_token&client_id=rcompose&refresh_token=identity"
    );
    assert_eq!(bought.1, "");
}

#[test]
fn a_password_answers_a_basic_challenge() {
    let (host, _seen) = serve(|request, _| match request.1.as_str() {
        "Basic bWU6cGFzcw==" => reply("200 OK", "", "content"),
        _ => reply("401 Unauthorized", "www-authenticate: Basic realm=\"r\"\r\n", ""),
    });
    let (known, image) = registries(&host, me());
    assert_eq!(known.get(&image, Item::Manifest("1"), 100).unwrap(), b"content");
    let (unknown, image) = registries(&host, Arc::new(()));
    let error = unknown.get(&image, Item::Manifest("1"), 100).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{host} refuses access: no login is known for it (401 Unauthorized)")
    );
}

#[test]
fn a_login_does_not_follow_to_another_host() {
    let (other, elsewhere) = serve(|_, _| reply("200 OK", "", "content"));
    let other = other.replace("127.0.0.1", "localhost");
    let (host, _seen) = serve(move |request, _| match request.1.as_str() {
        "" => reply("401 Unauthorized", "www-authenticate: Basic realm=\"r\"\r\n", ""),
        _ => reply("307 Temporary Redirect", &format!("location: http://{other}/blob\r\n"), ""),
    });
    let (registries, image) = registries(&host, me());
    assert_eq!(registries.get(&image, Item::Blob("sha256:x"), 100).unwrap(), b"content");
    let (line, authorization, _) = elsewhere.recv().unwrap();
    assert_eq!((line.trim_end(), authorization.as_str()), ("GET /blob HTTP/1.1", ""));
}

#[test]
fn no_more_is_read_than_was_expected() {
    let (host, _seen) = serve(|_, _| reply("200 OK", "", "12345"));
    let (registries, image) = registries(&host, Arc::new(()));
    assert_eq!(registries.get(&image, Item::Blob("d"), 5).unwrap(), b"12345");
    let error = registries.get(&image, Item::Blob("d"), 4).unwrap_err();
    assert!(matches!(error, RegistryError::TooLarge { limit: 4, .. }), "{error}");
}

#[test]
fn only_this_machine_may_do_without_tls() {
    for here in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000"] {
        assert!(is_loopback(here), "{here}");
    }
    for there in ["127.0.0.1.example", "example.com", "localhost.example:5000", "[fe80::1]", "10.0.0.1"] {
        assert!(!is_loopback(there), "{there}");
    }
    let schemes = |insecure: &[&str], domain: &str| {
        let insecure = insecure.iter().map(|text| (*text).to_owned()).collect();
        let schemes = Registries::new(insecure, Arc::new(())).schemes(domain);
        let routes = schemes.iter().map(|scheme| route(scheme, domain).unwrap().base);
        routes.collect::<Vec<_>>()
    };
    assert_eq!(schemes(&[], "docker.io"), ["https://registry-1.docker.io"]);
    assert_eq!(schemes(&[], "127.0.0.1:5"), ["https://127.0.0.1:5", "http://127.0.0.1:5"]);
    assert_eq!(schemes(&["r:5"], "r:5"), ["http://r:5"]);
    assert_eq!(schemes(&["r:5"], "r"), ["https://r"]);
}
