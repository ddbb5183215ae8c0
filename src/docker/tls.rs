//! TLS to an engine: its authorities, our certificate, and the server's check.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::TlsConfig;
use super::endpoint::EndpointError;

/// Where systems keep their authorities.
const SYSTEM_AUTHORITIES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Reads the files and makes a connector.
pub(super) fn connector(tls: &TlsConfig) -> Result<TlsConnector, EndpointError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| EndpointError::Tls(error.to_string()))?;
    let verifier: Arc<dyn ServerCertVerifier> = if tls.verify {
        WebPkiServerVerifier::builder_with_provider(Arc::new(authorities(tls)?), provider)
            .build()
            .map_err(|error| EndpointError::Tls(error.to_string()))?
    } else {
        Arc::new(Unchecked(provider))
    };
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let config = match (&tls.cert, &tls.key) {
        (Some(cert), Some(key)) => builder
            .with_client_auth_cert(
                certificates(cert)?,
                PrivateKeyDer::from_pem_file(key).map_err(|error| pem_error(key, error))?,
            )
            .map_err(|error| EndpointError::Tls(error.to_string()))?,
        _ => builder.with_no_client_auth(),
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

fn authorities(tls: &TlsConfig) -> Result<RootCertStore, EndpointError> {
    let mut store = RootCertStore::empty();
    match &tls.ca {
        Some(path) => {
            for certificate in certificates(path)? {
                store.add(certificate).map_err(|error| file_error(path, error))?;
            }
        }
        None => {
            let found = SYSTEM_AUTHORITIES.iter().map(Path::new).find(|path| path.is_file());
            if let Some(path) = found {
                store.add_parsable_certificates(certificates(path)?);
            }
        }
    }
    if store.is_empty() {
        return Err(EndpointError::Tls("no certificate authority is known; give a ca.pem".to_owned()));
    }
    Ok(store)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, EndpointError> {
    CertificateDer::pem_file_iter(path)
        .and_then(|certificates| certificates.collect())
        .map_err(|error| pem_error(path, error))
}

fn pem_error(path: &Path, error: pem::Error) -> EndpointError {
    match error {
        pem::Error::Io(error) => file_error(path, error),
        other => file_error(path, other),
    }
}

fn file_error(path: &Path, cause: impl std::fmt::Display) -> EndpointError {
    EndpointError::File { path: path.to_owned(), cause: cause.to_string() }
}

/// Takes any certificate: only when the user said so (`--tls` without `--tlsverify`, `SkipTLSVerify`).
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
