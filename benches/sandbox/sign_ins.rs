//! Sign-ins a second, once everything is warm: whole ones over SSH, the same at OpenSSH's server, and the question to the
//! identity provider alone.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use russh::keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate, load_secret_key};
use russh::{Disconnect, client};
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::Result;
use crate::openssh::{Sshd, Tools};
use crate::report::Row;
use crate::sandbox::Sandbox;

/// Clients at once.
const CLIENTS: usize = 16;
/// How long they sign in before it counts.
const WARMING_UP: Duration = Duration::from_secs(2);
/// Users made for this: `load-000` to `load-999`. Okta lets each sign in four times a second.
const USERS: usize = 1000;
const PASSWORD: &str = "load-password";

/// All rates.
pub(crate) fn measure(sandbox: &Sandbox, folder: &Path, tools: &Tools, seconds: u64) -> Result<Vec<Row>> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let port = sandbox.port;
    let config = Arc::new(client::Config { nodelay: true, ..client::Config::default() });
    let ours = Arc::clone(&config);
    let cpu = || sandbox.cpu();
    let whole = runtime.block_on(rate(cpu, seconds, move |user| sign_in(Arc::clone(&ours), port, user)))?;

    let sshd = Sshd::start(tools, &folder.join("sign-ins"))?;
    let (port, user, key) = (sshd.port, sshd.user.clone(), load_secret_key(&sshd.key, None)?);
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
    let theirs = runtime.block_on(rate(
        || sshd.cpu(),
        seconds,
        move |_| sign_in_by_key(Arc::clone(&config), port, user.clone(), key.clone()),
    ))?;
    drop(sshd);

    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let (endpoint, server_id) = (sandbox.endpoint.clone(), sandbox.server_id.clone());
    let asked = runtime.block_on(rate(cpu, seconds, move |user| {
        let body = json!({"ServerId": server_id, "ServerProtocol": "SFTP", "SourceIp": "127.0.0.1", "UserName": user,
            "UserPassword": PASSWORD});
        ask(client.clone(), endpoint.clone(), body)
    }))?;
    Ok(vec![
        Row::at_least("warm SFTP sign-ins", whole.a_second, "1/s", 200.0),
        Row::against("  beside OpenSSH's sshd, by key", whole.a_second, "1/s", "OpenSSH's", theirs.a_second),
        Row::at_most_theirs("  processor time of the server for each", whole.cpu, "ms", "OpenSSH's", theirs.cpu),
        Row::at_least("warm questions to the identity provider", asked.a_second, "1/s", 200.0),
        Row::plain("  processor time of the sandbox for each", asked.cpu, "ms"),
    ])
}

/// What was measured.
struct Rate {
    a_second: f64,
    /// Milliseconds of the server's processor time; of the sandbox's, with its functions'.
    cpu: f64,
}

/// Lets so many clients do it again and again. One that fails ends it.
async fn rate<F>(
    cpu_of_server: impl Fn() -> f64,
    seconds: u64,
    once: impl Fn(String) -> F + Clone + Send + 'static,
) -> Result<Rate>
where
    F: Future<Output = std::result::Result<(), String>> + Send,
{
    let (next, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (once, next, done) = (once.clone(), Arc::clone(&next), Arc::clone(&done));
            tokio::spawn(async move {
                loop {
                    let user = format!("load-{:03}", next.fetch_add(1, Ordering::Relaxed) % USERS);
                    if let Err(error) = once(user).await {
                        return error;
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    tokio::time::sleep(WARMING_UP).await;
    let (began, cpu, before) = (Instant::now(), cpu_of_server(), done.load(Ordering::Relaxed));
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let count = (done.load(Ordering::Relaxed) - before) as f64;
    let (took, cpu) = (began.elapsed().as_secs_f64(), cpu_of_server() - cpu);
    for client in clients {
        client.abort();
        if let Ok(error) = client.await {
            return Err(error.into());
        }
    }
    Ok(Rate { a_second: count / took, cpu: cpu * 1e3 / count.max(1.0) })
}

/// Takes every host key: it is not the server that is on trial here.
struct Trusting;

impl client::Handler for Trusting {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> std::result::Result<bool, Self::Error> {
        Ok(true)
    }
}

async fn sign_in(config: Arc<client::Config>, port: u16, user: String) -> std::result::Result<(), String> {
    let mut session = client::connect(config, ("127.0.0.1", port), Trusting).await.map_err(told)?;
    let answer = session.authenticate_password(&user, PASSWORD).await.map_err(told)?;
    leave(session, answer.success(), &user).await
}

/// At a server that has no passwords.
async fn sign_in_by_key(
    config: Arc<client::Config>,
    port: u16,
    user: String,
    key: PrivateKeyWithHashAlg,
) -> std::result::Result<(), String> {
    let mut session = client::connect(config, ("127.0.0.1", port), Trusting).await.map_err(told)?;
    let answer = session.authenticate_publickey(&user, key).await.map_err(told)?;
    leave(session, answer.success(), &user).await
}

async fn leave(session: client::Handle<Trusting>, is_in: bool, user: &str) -> std::result::Result<(), String> {
    if !is_in {
        return Err(format!("{user} was refused"));
    }
    let _ = session.disconnect(Disconnect::ByApplication, "", "").await;
    Ok(())
}

fn told(error: russh::Error) -> String {
    error.to_string()
}

async fn ask(
    client: Client<hyper_util::client::legacy::connect::HttpConnector, Full<Bytes>>,
    endpoint: String,
    body: Value,
) -> std::result::Result<(), String> {
    let request = signed(&endpoint, &body.to_string()).map_err(|error| error.to_string())?;
    let answer = client.request(request).await.map_err(|error| error.to_string())?;
    let body = answer.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
    let told: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_accepted = told.get("StatusCode").and_then(Value::as_u64) == Some(200)
        && told.get("Response").and_then(Value::as_str).is_some_and(|response| response.contains("Role"));
    if is_accepted { Ok(()) } else { Err(format!("TestIdentityProvider: {told}")) }
}

/// The call, signed with the key that the deployer uses in the sandbox.
fn signed(endpoint: &str, body: &str) -> Result<Request<Full<Bytes>>> {
    let uri = format!("http://{endpoint}/");
    let mut request = Request::post(&uri)
        .header("host", endpoint)
        .header("x-amz-target", "TransferService.TestIdentityProvider")
        .header("content-type", "application/x-amz-json-1.1")
        .body(Full::new(Bytes::from(body.to_owned())))?;
    let identity = Credentials::from_keys("test", "test", None).into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("transfer")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()?;
    let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let signable = SignableRequest::new("POST", uri, headers, SignableBody::Bytes(body.as_bytes()))?;
    sign(signable, &parameters.into())?.into_parts().0.apply_to_request_http1x(&mut request);
    Ok(request)
}
