//! The service app: its keys and its access tokens (guide "Implement OAuth for Okta with a service app").
//!
//! There are two: one that works, and one that wants proof of possession (DPoP), as new apps of Okta's do until somebody
//! unticks that. They have the same key.
//!
//! In the org's folder are `service-app.pem` (the app's private key, ES256, made at the first start), `keys@example.com` (an
//! OpenSSH private key of that user) and, if somebody puts it there, `jwks.json` with further public keys of the app.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use russh::keys::{PrivateKey, decode_secret_key};
use serde_json::json;

use super::jwt::{self, PublicKey};
use super::message::{Asked, Reply};
use super::org::{Memory, Org};
use crate::clock::Millis;

/// The client id of the sample service app that works.
pub(super) const CLIENT_ID: &str = "0oasandboxserviceapp";
/// The client id of one that is set up as Okta sets up new ones: with the same key, and with proof of possession required.
pub(super) const DPOP_CLIENT_ID: &str = "0oasandboxdpopapp";
/// The id of its key.
pub(super) const KEY_ID: &str = "sandbox-key";
/// What it may be granted.
const SCOPES: [&str; 2] = ["okta.users.read", "okta.groups.read"];
/// How long an access token lives.
const LIFE: Millis = 3600 * 1000;

/// The file with its private key.
pub(super) const PEM: &str = "service-app.pem";
const USER_KEY: &str = "keys@example.com";

/// Answers `POST /oauth2/v1/token` (private_key_jwt).
pub(super) fn answer(org: &Org, memory: &mut Memory, asked: &Asked, now: Millis) -> Reply {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&asked.body).into_owned().collect();
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if field("grant_type") != "client_credentials" {
        return refuse(
            400,
            "unsupported_grant_type",
            "The authorization grant type is not supported by the authorization server.",
        );
    }
    if field("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
        return refuse(401, "invalid_client", "Client authentication failed. The client_assertion_type is not valid.");
    }
    let keys = known_keys(&org.folder);
    let audience = format!("{}/oauth2/v1/token", org.url);
    let check = |client_id| jwt::check(field("client_assertion"), &keys, client_id, &audience, now / 1000);
    if let Err(reason) = check(CLIENT_ID) {
        // Guide "Configure OAuth 2.0 Demonstrating Proof-of-Possession". No proof is looked at: nobody here sends one.
        return match check(DPOP_CLIENT_ID) {
            Ok(()) => refuse(400, "invalid_dpop_proof", "The DPoP proof JWT header is missing."),
            Err(_) => refuse(401, "invalid_client", reason),
        };
    }
    let scope = field("scope");
    if scope.is_empty() || scope.split(' ').any(|scope| !SCOPES.contains(&scope)) {
        return refuse(
            400,
            "invalid_scope",
            "One or more scopes are not configured for the authorization server resource.",
        );
    }
    let token = memory.access_tokens.give(scope, now);
    let life = LIFE / 1000;
    Reply::json(200, &json!({"token_type": "Bearer", "expires_in": life, "access_token": token, "scope": scope}))
}

fn refuse(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(status, &json!({"error": error, "error_description": description}))
}

/// Makes the keys that are not there yet.
pub(super) fn prepare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    if !folder.join(PEM).exists() {
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| io::Error::other("no random numbers"))?;
        let mut text = String::from("-----BEGIN PRIVATE KEY-----\n");
        for line in STANDARD.encode(key.as_ref()).as_bytes().chunks(64) {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
        text.push_str("-----END PRIVATE KEY-----\n");
        write_private(&folder.join(PEM), text.as_bytes())?;
    }
    if !folder.join(USER_KEY).exists() {
        let mut seed = [0_u8; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| io::Error::other("no random numbers"))?;
        let key =
            PrivateKey::new(KeypairData::from(Ed25519Keypair::from_seed(&seed)), USER_KEY).map_err(io::Error::other)?;
        let text = key.to_openssh(LineEnding::LF).map_err(io::Error::other)?;
        write_private(&folder.join(USER_KEY), text.as_bytes())?;
    }
    Ok(())
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)
}

/// The public key of `keys@example.com`, as a line of OpenSSH's.
pub(super) fn public_key(folder: &Path) -> String {
    let text = fs::read_to_string(folder.join(USER_KEY)).unwrap_or_default();
    decode_secret_key(&text, None).ok().and_then(|key| key.public_key().to_openssh().ok()).unwrap_or_default()
}

/// The app's own key, and those that somebody registered in `jwks.json`.
fn known_keys(folder: &Path) -> Vec<(String, PublicKey)> {
    let own = own_key(folder).map(|key| (KEY_ID.to_owned(), PublicKey::P256(key.public_key().as_ref().to_vec())));
    let registered = fs::read(folder.join("jwks.json")).map(|bytes| jwt::key_set(&bytes)).unwrap_or_default();
    own.into_iter().chain(registered).collect()
}

/// The app's own key pair.
pub(super) fn own_key(folder: &Path) -> Option<EcdsaKeyPair> {
    let text = fs::read_to_string(folder.join(PEM)).ok()?;
    let inner: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let pkcs8 = STANDARD.decode(inner).ok()?;
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &SystemRandom::new()).ok()
}
