//! The people of the org: one in every state that a sign-in can be in.

use serde_json::{Value, json};

use super::totp;
use crate::User;
use crate::clock::Millis;

/// What every login ends in.
const DOMAIN: &str = "example.com";

/// What a right password leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Primary {
    /// `SUCCESS`.
    Success,
    /// `MFA_REQUIRED`; after a factor was verified, `SUCCESS`.
    Mfa,
    /// `MFA_REQUIRED`; after a factor was verified, `PASSWORD_EXPIRED`.
    MfaThenExpired,
    /// `MFA_ENROLL`; with a `skip` link or without.
    Enroll {
        /// Whether the policy lets the user put it off.
        skip: bool,
    },
    /// `PASSWORD_WARN` for who asked to be warned, `SUCCESS` for all others.
    Warn,
    /// Another state, which a password field cannot lead out of.
    State(&'static str),
    /// 200 `LOCKED_OUT`, whatever the password.
    LockedOut,
    /// 401 `E0000004`, as for a wrong password.
    Denied,
    /// 429 `E0000047`.
    RateLimited,
    /// 500 `E0000009`.
    Broken,
}

/// A factor of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Factor {
    /// Okta Verify, a code.
    Totp,
    /// Google Authenticator, a code of the same secret.
    GoogleTotp,
    /// Okta Verify, a push that is approved after a moment.
    PushApproves,
    /// A push that is rejected after a moment.
    PushRejects,
    /// A push that nobody answers.
    PushNever,
    /// A push that wants a number chosen.
    PushNumber,
    /// A text message.
    Sms,
    /// A mail.
    Email,
    /// A security question.
    Question,
}

/// A user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    /// The part of the login before the `@`.
    pub(super) user: &'static str,
    /// The password.
    pub(super) password: &'static str,
    /// What it leads to.
    pub(super) primary: Primary,
    /// Factors, in the order that the org lists them.
    pub(super) factors: &'static [Factor],
    /// The user's status in the directory.
    pub(super) status: &'static str,
    /// Groups beside `Everyone`.
    pub(super) groups: &'static [&'static str],
    /// What it is, in a few words.
    note: &'static str,
}

const fn sample(user: &'static str, password: &'static str, primary: Primary, note: &'static str) -> Sample {
    Sample { user, password, primary, factors: &[], status: "ACTIVE", groups: &[], note }
}

impl Sample {
    const fn with(self, factors: &'static [Factor]) -> Self {
        Self { factors, ..self }
    }

    const fn member_of(self, groups: &'static [&'static str]) -> Self {
        Self { groups, ..self }
    }

    const fn is(self, status: &'static str) -> Self {
        Self { status, ..self }
    }
}

/// All of them. The state of each is what `sandbox status` shows.
#[rustfmt::skip]
pub(super) const SAMPLES: &[Sample] = &[
    sample("alice",       "alice-password",       Primary::Success,                     "a password is enough").member_of(&["sftp-partners"]),
    sample("bob",         "bob-password",         Primary::Mfa,                         "a code behind the password").with(&[Factor::Totp, Factor::PushApproves, Factor::GoogleTotp]),
    sample("paula",       "paula-password",       Primary::Mfa,                         "a push, soon approved").with(&[Factor::PushApproves]),
    sample("rita",        "rita-password",        Primary::Mfa,                         "a push, rejected").with(&[Factor::PushRejects]),
    sample("nora",        "nora-password",        Primary::Mfa,                         "a push that nobody answers").with(&[Factor::PushNever]),
    sample("nadia",       "nadia-password",       Primary::Mfa,                         "a push that asks for a number").with(&[Factor::PushNumber]),
    sample("mia",         "mia-password",         Primary::Mfa,                         "only factors that send a code").with(&[Factor::Sms, Factor::Email, Factor::Question]),
    sample("mara",        "mara-password",        Primary::MfaThenExpired,              "a code, then PASSWORD_EXPIRED").with(&[Factor::Totp]),
    sample("enroll",      "enroll-password",      Primary::Enroll { skip: false },      "must enrol a factor"),
    sample("enroll-skip", "enroll-skip-password", Primary::Enroll { skip: true },       "may put off enrolling a factor"),
    sample("activate",    "activate-password",    Primary::State("MFA_ENROLL_ACTIVATE"), "factor not activated"),
    sample("warn",        "warn-password",        Primary::Warn,                        "the password expires soon"),
    sample("expired",     "expired-password",     Primary::State("PASSWORD_EXPIRED"),   "the password has expired").is("PASSWORD_EXPIRED"),
    sample("reset",       "reset-password",       Primary::State("PASSWORD_RESET"),     "must set a new password").is("RECOVERY"),
    sample("recovery",    "recovery-password",    Primary::State("RECOVERY"),           "recovers the account"),
    sample("challenge",   "challenge-password",   Primary::State("RECOVERY_CHALLENGE"), "recovers, by a factor"),
    sample("early",       "early-password",       Primary::State("UNAUTHENTICATED"),    "before the password"),
    sample("locked",      "locked-password",      Primary::LockedOut,                   "locked, and the org says so").is("LOCKED_OUT"),
    sample("hidden",      "hidden-password",      Primary::Denied,                      "locked, and the org hides it").is("LOCKED_OUT"),
    sample("denied",      "denied-password",      Primary::Denied,                      "refused by the sign-on policy"),
    sample("staged",      "staged-password",      Primary::Denied,                      "not activated yet").is("STAGED"),
    sample("suspended",   "suspended-password",   Primary::Denied,                      "suspended").is("SUSPENDED"),
    sample("deactivated", "deactivated-password", Primary::Denied,                      "deactivated").is("DEPROVISIONED"),
    sample("limited",     "limited-password",     Primary::RateLimited,                 "the org is busy"),
    sample("broken",      "broken-password",      Primary::Broken,                      "the org has an internal error"),
    sample("partner",     "partner-password",     Primary::Success,                     "member of sftp-partners").member_of(&["sftp-partners"]),
    sample("reader",      "reader-password",      Primary::Success,                     "member of sftp-read-only").member_of(&["sftp-read-only"]),
    sample("both",        "both-password",        Primary::Success,                     "member of both groups").member_of(&["sftp-partners", "sftp-read-only"]),
    sample("many",        "many-password",        Primary::Success,                     "member of 450 groups").member_of(&["sftp-partners"]),
    sample("keys",        "keys-password",        Primary::Success,                     "has a public key in the profile; its private key is okta/keys@example.com in the folder"),
    sample("load-000",    "load-password",        Primary::Success,                     "up to load-999, for measuring"),
];

impl Sample {
    /// The login.
    pub(super) fn login(&self) -> String {
        format!("{}@{DOMAIN}", self.user)
    }

    /// As `sandbox status` shows it: with the code that an authenticator would show now.
    pub(super) fn told(&self, now: Millis) -> User {
        let state = match self.primary {
            Primary::Success => "SUCCESS",
            Primary::Mfa | Primary::MfaThenExpired => "MFA_REQUIRED",
            Primary::Enroll { .. } => "MFA_ENROLL",
            Primary::Warn => "PASSWORD_WARN",
            Primary::State(state) => state,
            Primary::LockedOut => "LOCKED_OUT",
            Primary::Denied => "E0000004",
            Primary::RateLimited => "E0000047",
            Primary::Broken => "E0000009",
        };
        let secret = if self.factors.contains(&Factor::Totp) {
            let (secret, password) = (self.totp_secret(), self.password);
            let code = totp::code(&secret, now / 1000 / totp::STEP, 6);
            format!("; now type {password},{code}; authenticator secret {}", totp::base32(&secret))
        } else {
            String::new()
        };
        User {
            login: self.login(),
            user: self.user.to_owned(),
            password: self.password.to_owned(),
            state: format!("{state}: {}{secret}", self.note),
        }
    }

    /// The secret of the authenticator: 20 bytes, as RFC 4226 recommends, the same on every machine.
    pub(super) fn totp_secret(&self) -> [u8; 20] {
        let mut secret = *b"sandbox-secret-of-..";
        for (place, byte) in secret.iter_mut().rev().zip(self.user.bytes()) {
            *place = byte;
        }
        secret
    }
}

/// A user of the directory: a sample, or one of those for measuring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// The part of the login before the `@`.
    pub(super) user: String,
    sample: &'static Sample,
}

impl Person {
    /// Finds somebody by login, in any case, or by the part before the `@`.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let user = match name.split_once('@') {
            Some((user, DOMAIN)) => user,
            Some((_, _)) => return None,
            None => &name,
        };
        let digits = user.strip_prefix("load-").filter(|digits| digits.len() == 3);
        let is_load = digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
        let sought = if is_load { "load-000" } else { user };
        let sample = SAMPLES.iter().find(|sample| sample.user == sought)?;
        Some(Self { user: user.to_owned(), sample })
    }

    /// Finds somebody by id, or else by name.
    pub(super) fn by_id(id: &str) -> Option<Self> {
        match id.strip_prefix("00usandbox") {
            Some(rest) => {
                let bytes: Option<Vec<u8>> = rest
                    .as_bytes()
                    .chunks(2)
                    .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                    .collect();
                Self::by_name(std::str::from_utf8(&bytes?).ok()?)
            }
            None => Self::by_name(id),
        }
    }

    /// What the table says.
    pub(super) fn sample(&self) -> &'static Sample {
        self.sample
    }

    /// The canonical login.
    pub(super) fn login(&self) -> String {
        format!("{}@{DOMAIN}", self.user)
    }

    /// The id, which never changes.
    pub(super) fn id(&self) -> String {
        let hex: String = self.user.bytes().map(|byte| format!("{byte:02x}")).collect();
        format!("00usandbox{hex}")
    }

    /// The profile that an authn answer embeds: five members, no more.
    pub(super) fn short_profile(&self) -> Value {
        json!({
            "login": self.login(),
            "firstName": capitalised(&self.user),
            "lastName": "Sandbox",
            "locale": "en_US",
            "timeZone": "America/Los_Angeles",
        })
    }

    /// The whole profile, with custom attributes. `public_key` is what `keys@example.com` signs in with.
    pub(super) fn profile(&self, public_key: &str) -> Value {
        let mut profile = json!({
            "login": self.login(),
            "email": self.login(),
            "firstName": capitalised(&self.user),
            "lastName": "Sandbox",
            "department": "sandbox",
        });
        if let (Value::Object(profile), "keys") = (&mut profile, self.user.as_str()) {
            profile.insert("sftpPublicKeys".to_owned(), json!([public_key]));
        }
        profile
    }

    /// The groups, in the order of their ids.
    pub(super) fn groups(&self) -> Vec<Value> {
        let group = |id: String, kind: &str, name: &str| {
            json!({"id": id, "type": kind, "objectClass": ["okta:user_group"],
                "profile": {"name": name, "description": null}})
        };
        let mut groups = vec![group("00gsandboxeveryone".to_owned(), "BUILT_IN", "Everyone")];
        for name in self.sample().groups {
            groups.push(group(format!("00gsandbox{name}"), "OKTA_GROUP", name));
        }
        if self.user == "many" {
            groups.extend((groups.len()..450).map(|number| {
                group(format!("00gsandboxgroup{number:03}"), "OKTA_GROUP", &format!("group-{number:03}"))
            }));
        }
        groups
    }
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
