//! Sign-in: which names are asked about, and what an answer of the identity provider makes of a user (Transfer user guide,
//! "Using AWS Lambda to integrate your identity provider").

use russh::keys::PublicKey;
use serde_json::Value;

use super::home::Home;
use super::permission::Permission;
use crate::identity_provider::{SignInAnswer, is_legal_user_name};

/// The longest session policy, in characters.
const LONGEST_POLICY: usize = 2048;

/// Who signed in, and what is theirs.
#[derive(Debug, Clone)]
pub(super) struct User {
    /// The name as it was typed.
    pub(super) name: String,
    pub(super) home: Home,
    pub(super) permission: Permission,
    /// Keys that may prove who it is; empty in an answer to a password.
    pub(super) keys: Vec<PublicKey>,
}

/// Whether Transfer would ask the identity provider about this name at all.
pub(super) fn is_asked_about(name: &str) -> bool {
    is_legal_user_name(name) && name != "root"
}

impl User {
    /// Reads an answer. `None` is a refusal, or an answer that Transfer could do nothing with.
    pub(super) fn of(name: &str, answer: &SignInAnswer, with_password: bool) -> Option<Self> {
        if answer.status != 200 {
            return None;
        }
        let body: Value = serde_json::from_str(&answer.body).ok()?;
        let text = |member: &str| body.get(member).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        let role = text("Role")?;
        let lines = body.get("PublicKeys").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if with_password && !lines.is_empty() {
            // It answered the question for keys; a password was not judged.
            return None;
        }
        let keys = lines.iter().filter_map(|line| PublicKey::from_openssh(line.as_str()?).ok()).collect();
        let home = match text("HomeDirectoryType") {
            None | Some("PATH") => Home::path(text("HomeDirectory").unwrap_or("/"))?,
            Some("LOGICAL") => Home::logical(text("HomeDirectoryDetails")?, text("HomeDirectory"), name)?,
            Some(_) => return None,
        };
        let policy = text("Policy");
        if policy.is_some_and(|policy| policy.chars().count() > LONGEST_POLICY) {
            return None;
        }
        let permission = Permission::new(role, policy, name, home.target())?;
        Some(Self { name: name.to_owned(), home, permission, keys })
    }

    /// Whether a key is one of the user's.
    pub(super) fn has_key(&self, key: &PublicKey) -> bool {
        self.keys.iter().any(|own| own.key_data() == key.key_data())
    }
}

/// `SftpAuthenticationMethods`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Methods {
    Password,
    PublicKey,
    PublicKeyOrPassword,
    PublicKeyAndPassword,
}

impl Methods {
    /// From the API's own word; an unknown one is the default.
    pub(super) fn parse(text: &str) -> Self {
        match text {
            "PASSWORD" => Self::Password,
            "PUBLIC_KEY" => Self::PublicKey,
            "PUBLIC_KEY_AND_PASSWORD" => Self::PublicKeyAndPassword,
            _ => Self::PublicKeyOrPassword,
        }
    }

    /// Whether a key may be offered.
    pub(super) fn take_keys(self) -> bool {
        self != Self::Password
    }

    /// Whether a password may be given, after a key was proved or before.
    pub(super) fn take_password(self, key_is_proved: bool) -> bool {
        match self {
            Self::Password | Self::PublicKeyOrPassword => true,
            Self::PublicKey => false,
            Self::PublicKeyAndPassword => key_is_proved,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{SignInAnswer, User, is_asked_about};

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ bob";

    fn answer(status: u16, body: &Value) -> SignInAnswer {
        SignInAnswer { status, body: body.to_string(), url: String::new(), message: String::new() }
    }

    #[test]
    fn names() {
        for (name, asked) in [
            ("bob", true),
            ("bob@example.com", true),
            ("_b.-", true),
            ("bo", false),
            ("root", false),
            (".bob", false),
            ("@bob", false),
            ("-bob", false),
            ("bob smith", false),
            ("böb", false),
            ("bob/../x", false),
            ("", false),
        ] {
            assert_eq!(is_asked_about(name), asked, "{name}");
        }
        assert!(is_asked_about(&"a".repeat(100)) && !is_asked_about(&"a".repeat(101)));
    }

    #[test]
    fn answers() {
        let role = "arn:aws:iam::000000000000:role/user";
        let details = r#"[{"Entry":"/","Target":"/b/home/bob"}]"#;
        let whole = json!({"Role": role, "HomeDirectoryType": "LOGICAL", "HomeDirectoryDetails": details});
        let with = |member: &str, value: Value| {
            let mut body = whole.clone();
            body[member] = value;
            body
        };
        for (status, body, accepted) in [
            (200, whole.clone(), true),
            (200, json!({"Role": role}), true),
            (403, whole.clone(), false),
            (200, json!({}), false),
            (200, json!([]), false),
            (200, with("Role", json!(" ")), false),
            (200, with("Role", json!(7)), false),
            (200, with("Policy", json!("")), true),
            (200, with("Policy", json!("{")), false),
            (200, with("Policy", json!(format!("{{\"Statement\":[],\"x\":\"{}\"}}", "x".repeat(2048)))), false),
            (200, with("HomeDirectoryDetails", json!([{"Entry": "/", "Target": "/b"}])), false),
            (200, with("HomeDirectoryType", json!("OTHER")), false),
            (200, with("PublicKeys", json!([])), true),
            (200, with("PublicKeys", json!([KEY])), false),
        ] {
            assert_eq!(User::of("bob", &answer(status, &body), true).is_some(), accepted, "{status} {body}");
        }
        let user = User::of("bob", &answer(200, &with("PublicKeys", json!([KEY, "nonsense", 7]))), false).unwrap();
        assert_eq!(user.keys.len(), 1);
        let not_json = SignInAnswer { body: "{".to_owned(), ..answer(200, &json!({})) };
        assert!(User::of("bob", &not_json, true).is_none());
    }
}
