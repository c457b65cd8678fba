//! Whom TLS trusts, against servers whose roots are private.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::{Http, tls};
use crate::okta::Detail;

type Outcome = Result<u16, Detail>;
type Failure = Box<dyn std::error::Error>;

/// A private certification authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    roots: RootCertStore,
}

impl Authority {
    fn new() -> Result<Self, Failure> {
        let mut parameters = CertificateParams::new(Vec::new())?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let certificate = parameters.self_signed(&key)?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone())?;
        Ok(Self { issuer: Issuer::new(parameters, key), roots })
    }

    /// A server for one request at this name, and its port.
    async fn server(&self, name: &str, is_expired: bool) -> Result<u16, Failure> {
        let mut parameters = CertificateParams::new(vec![name.to_owned()])?;
        if is_expired {
            parameters.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate()?;
        let certificate = parameters.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await?;
            let mut stream = tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(stream).await?;
            let mut read = [0; 4096];
            let _ = stream.read(&mut read).await?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await?;
            stream.shutdown().await
        });
        Ok(port)
    }
}

async fn get(http: &Http, url: String) -> Result<Outcome, Failure> {
    let request = Request::get(url).body(Full::new(Bytes::new()))?;
    let reply = http.send(request, 1024, Instant::now() + Duration::from_secs(20)).await;
    Ok(reply.map(|reply| reply.status))
}

#[tokio::test]
async fn only_a_trusted_and_valid_certificate_of_this_name() -> Result<(), Failure> {
    let (ours, theirs) = (Authority::new()?, Authority::new()?);
    let trusting = |roots: &RootCertStore| -> Result<Http, Failure> {
        Ok(Http::with_tls(false, tls()?.with_root_certificates(roots.clone()).with_no_client_auth()))
    };
    for (authority, name, is_expired, expected) in [
        (&ours, "localhost", false, Ok(200)),
        (&theirs, "localhost", false, Err(Detail::Tls)),
        (&ours, "acme.okta.com", false, Err(Detail::Tls)),
        (&ours, "localhost", true, Err(Detail::Tls)),
    ] {
        let port = authority.server(name, is_expired).await?;
        let outcome = get(&trusting(&ours.roots)?, format!("https://localhost:{port}/")).await?;
        assert_eq!(outcome, expected, "{name} {is_expired}");
    }
    // The function as it ships trusts neither of them, and speaks no plain http where it was not told to.
    let port = ours.server("localhost", false).await?;
    assert_eq!(get(&Http::new(false)?, format!("https://localhost:{port}/")).await?, Err(Detail::Tls));
    assert_eq!(get(&Http::new(false)?, format!("http://localhost:{port}/")).await?, Err(Detail::Connect));
    Ok(())
}

/// What is no TLS at all.
#[tokio::test]
async fn a_server_that_speaks_plain_text() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await
    });
    assert_eq!(get(&Http::new(false)?, format!("https://localhost:{port}/")).await?, Err(Detail::Tls));
    Ok(())
}
