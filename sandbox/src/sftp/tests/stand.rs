//! A world with two buckets, a role, and a listener in front of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use russh::keys::PrivateKey;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Options;
use crate::aws::s3;
use crate::failures::Failures;
use crate::identity_provider::SignInAnswer;
use crate::resources::Resource;
use crate::sftp::listener::Listener;
use crate::sftp::settings::{Ask, Settings};
use crate::sftp::user::Methods;
use crate::state::World;

pub(super) const ROLE: &str = "arn:aws:iam::000000000000:role/users";
pub(super) const PASSWORD: &str = "right, ünd \"proper\"";

/// What the identity provider was asked: user, whether with a password, address.
pub(super) type Asked = Arc<Mutex<Vec<(String, bool, String)>>>;

/// The listener and what is behind it.
pub(super) struct Stand {
    pub(super) folder: TempDir,
    pub(super) world: Arc<World>,
    pub(super) listener: Option<Listener>,
    pub(super) asked: Asked,
    pub(super) port: u16,
}

/// A key that stays the same.
pub(super) fn key(seed: u8) -> PrivateKey {
    PrivateKey::new(KeypairData::from(Ed25519Keypair::from_seed(&[seed; 32])), "test").unwrap()
}

/// The answer for a home with the given actions on its objects.
pub(super) fn answer(user: &str, actions: &[&str]) -> Value {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::files", "Condition": {
            "StringLike": {"s3:prefix": [format!("home/{user}"), format!("home/{user}/"), format!("home/{user}/*")]}}},
        {"Effect": "Allow", "Action": actions, "Resource": format!("arn:aws:s3:::files/home/{user}/*")}]});
    json!({"Role": ROLE, "HomeDirectoryType": "LOGICAL", "Policy": policy.to_string(),
        "HomeDirectoryDetails": json!([{"Entry": "/", "Target": format!("/files/home/{user}")}]).to_string()})
}

/// The users that the tests have; all with the same password.
fn judge(user: &str, password: Option<&str>) -> (u16, Value) {
    let all = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];
    let folders = |details: Value| json!({"Role": ROLE, "HomeDirectoryType": "LOGICAL", "HomeDirectoryDetails": details.to_string()});
    let body = match user {
        "reader" => answer(user, &["s3:GetObject"]),
        "writer" => answer(user, &["s3:PutObject"]),
        "folders" => {
            folders(json!([{"Entry": "/inbox", "Target": "/files/in"}, {"Entry": "/deep/out", "Target": "/files/out"}]))
        }
        "pathly" => {
            json!({"Role": ROLE, "HomeDirectory": "/files/home/alice", "Policy": answer("alice", &all)["Policy"]})
        }
        "outside" => folders(json!([{"Entry": "/", "Target": "/nowhere"}])),
        "forbidden" => folders(json!([{"Entry": "/", "Target": "/other"}])),
        "roleless" => json!({"Role": "arn:aws:iam::000000000000:role/none", "HomeDirectory": "/files"}),
        "failing" => return (500, answer(user, &all)),
        "blank" => json!({"Role": " "}),
        _ => answer(user, &all),
    };
    let keys = json!([key(7).public_key().to_openssh().unwrap()]);
    match password {
        Some(given) if given == PASSWORD => (200, body),
        Some(_) => (200, json!({})),
        None if user.starts_with("key") => {
            let mut body = body;
            body["PublicKeys"] = keys;
            (200, body)
        }
        None => (200, json!({})),
    }
}

pub(super) fn settings(world: &Arc<World>, asked: &Asked, methods: Methods) -> Settings {
    let asked = Arc::clone(asked);
    let ask: Ask = Arc::new(move |user, password, source_ip| {
        asked.lock().unwrap().push((user.clone(), password.is_some(), source_ip));
        let (status, body) = judge(&user, password.as_deref());
        let answer = SignInAnswer { status, body: body.to_string(), url: String::new(), message: String::new() };
        Box::pin(async move { answer })
    });
    Settings {
        world: Arc::clone(world),
        server_id: "s-0123456789abcdef0".to_owned(),
        region: "us-east-1".to_owned(),
        methods,
        banner: Some("Sandbox: nobody is watching".to_owned()),
        ignores_setstat: false,
        log_group: None,
        host_key: key(1),
        ask,
    }
}

impl Stand {
    pub(super) fn new() -> Self {
        Self::with(Methods::Password, true)
    }

    pub(super) fn with_methods(methods: Methods) -> Self {
        Self::with(methods, true)
    }

    pub(super) fn with(methods: Methods, trusts_transfer: bool) -> Self {
        let folder = TempDir::new().unwrap();
        let options = Options::new(folder.path().join("sandbox"));
        let world = World::open(options, Failures::parse(&[]).unwrap(), ([127, 0, 0, 1], 1).into()).unwrap();
        let service = if trusts_transfer { "transfer.amazonaws.com" } else { "lambda.amazonaws.com" };
        world.change(|state| {
            for bucket in ["files", "other"] {
                s3::create_bucket(state, &world.store, bucket, "us-east-1", &json!({})).unwrap();
            }
            state.resources.put(Resource {
                kind: "AWS::IAM::Role".to_owned(),
                logical_id: "Users".to_owned(),
                stack_arn: String::new(),
                physical_id: "users".to_owned(),
                properties: json!({
                    "AssumeRolePolicyDocument": {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
                        "Principal": {"Service": service}}},
                    "Policies": [{"PolicyName": "p", "PolicyDocument": {"Statement": {"Effect": "Allow",
                        "Action": "s3:*", "Resource": ["arn:aws:s3:::files", "arn:aws:s3:::files/*"]}}}],
                }),
                attributes: BTreeMap::from([("Arn".to_owned(), json!(ROLE))]),
            });
        });
        let asked = Asked::default();
        let socket = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let socket = tokio::net::TcpListener::from_std(socket).unwrap();
        let listener = Listener::open(socket, settings(&world, &asked, methods)).unwrap();
        let port = listener.port;
        Self { folder, world, listener: Some(listener), asked, port }
    }

    /// A file or folder of the bucket `files`.
    pub(super) fn object(&self, key: &str) -> PathBuf {
        self.world.store.bucket("files").join(key)
    }

    /// Puts an object there.
    pub(super) fn put(&self, key: &str, bytes: &[u8]) {
        let path = self.object(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// A file on the client's side.
    pub(super) fn local(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) async fn stop(&mut self) {
        self.listener.take().unwrap().close().await;
    }
}
