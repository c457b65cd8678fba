//! The factors of a user, and which of them a password prompt can verify.

use std::collections::{HashSet, VecDeque};

use serde::Deserialize;

use crate::reason::Reason;
use crate::secret::Secret;
use crate::settings::MfaMethod;

/// The most code factors that one code is tried on: each wrong try counts towards a lockout.
const MOST_CODE_FACTORS: usize = 2;

/// A factor that this function can verify. Every other kind would send the user something, or needs a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FactorKind {
    /// A code of Okta Verify.
    OktaTotp,
    /// A code of Google Authenticator.
    GoogleTotp,
    /// A push to Okta Verify.
    Push,
}

impl FactorKind {
    /// Reads `factorType` and `provider` (Authentication API, "Factor object").
    fn parse(factor_type: &str, provider: &str) -> Option<Self> {
        match (factor_type, provider) {
            ("token:software:totp", "OKTA") => Some(Self::OktaTotp),
            ("token:software:totp", "GOOGLE") => Some(Self::GoogleTotp),
            ("push", "OKTA") => Some(Self::Push),
            _ => None,
        }
    }

    /// The word in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OktaTotp => "okta-totp",
            Self::GoogleTotp => "google-totp",
            Self::Push => "push",
        }
    }

    fn is_code(self) -> bool {
        match self {
            Self::OktaTotp | Self::GoogleTotp => true,
            Self::Push => false,
        }
    }
}

/// A factor of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Its id, which is safe in a path.
    pub id: String,
    /// What it is.
    pub kind: FactorKind,
}

/// How a factor is verified.
#[derive(Debug)]
pub(super) enum Choice<'a> {
    /// By the code that was typed, on these factors in this order.
    Code { code: &'a Secret, first: Factor, others: VecDeque<Factor> },
    /// By a push.
    Push(Factor),
}

/// A factor as Okta writes it. `_links` are not read: paths are built from the id, so that no answer leads elsewhere.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written {
    id: Option<String>,
    factor_type: Option<String>,
    provider: Option<String>,
}

/// Okta's reference spells the list `factor`, its migration guide and its clients `factors`.
#[derive(Deserialize)]
pub(super) struct WrittenFactors {
    factors: Option<Vec<Written>>,
    factor: Option<Vec<Written>>,
}

impl WrittenFactors {
    /// The factors that this function can verify, in Okta's order. Each once: a wrong code must not be counted twice.
    pub(super) fn known(self) -> Vec<Factor> {
        let written = self.factors.or(self.factor).unwrap_or_default().into_iter();
        let mut seen = HashSet::new();
        written
            .filter_map(|factor| {
                let kind = FactorKind::parse(factor.factor_type.as_deref()?, factor.provider.as_deref()?)?;
                Some(Factor { id: factor.id.filter(|id| is_path_segment(id))?, kind })
            })
            .filter(|factor| seen.insert(factor.id.clone()))
            .collect()
    }
}

/// Whether an id can stand in a path and mean nothing else there.
fn is_path_segment(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// How this user is verified by these methods. A code that was typed is used wherever it can be, and a push is sent to who
/// typed none, so the methods have no order. Okta's own code factor goes before others.
///
/// # Errors
/// No method will do: with another prompt answer one might ([`Reason::MfaRequired`]), or none can.
pub(super) fn choose<'a>(
    factors: Vec<Factor>,
    methods: &[MfaMethod],
    code: Option<&'a Secret>,
) -> Result<Choice<'a>, Reason> {
    let (mut codes, pushes): (Vec<Factor>, Vec<Factor>) = factors.into_iter().partition(|factor| factor.kind.is_code());
    codes.sort_by_key(|factor| factor.kind);
    codes.truncate(MOST_CODE_FACTORS);
    let mut codes = VecDeque::from(codes);
    let may_type = methods.contains(&MfaMethod::Totp) && !codes.is_empty();
    if let (Some(code), true) = (code, may_type)
        && let Some(first) = codes.pop_front()
    {
        return Ok(Choice::Code { code, first, others: codes });
    }
    if let Some(push) = pushes.into_iter().next()
        && methods.contains(&MfaMethod::Push)
    {
        return Ok(Choice::Push(push));
    }
    Err(if may_type { Reason::MfaRequired } else { Reason::MfaFactorMissing })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Choice, WrittenFactors, choose};
    use crate::reason::Reason;
    use crate::secret::Secret;
    use crate::settings::MfaMethod::{self, Push, Totp};

    fn written(id: &str, kind: &str, provider: &str) -> Value {
        json!({"id": id, "factorType": kind, "provider": provider, "vendorName": provider, "profile": {},
            "_links": {"verify": {"href": "https://evil.example.com/"}}})
    }

    fn choice(factors: &Value, methods: &[MfaMethod], has_code: bool) -> String {
        let code = Secret::new("123456".to_owned());
        let Ok(factors) = serde_json::from_value::<WrittenFactors>(json!({"factors": factors})) else {
            return "unreadable".to_owned();
        };
        match choose(factors.known(), methods, has_code.then_some(&code)) {
            Ok(Choice::Code { first, others, .. }) => {
                let all = std::iter::once(first).chain(others).map(|factor| factor.id);
                format!("code {}", all.collect::<Vec<_>>().join(" "))
            }
            Ok(Choice::Push(factor)) => format!("push {}", factor.id),
            Err(Reason::MfaRequired) => "a code was to be typed".to_owned(),
            Err(Reason::MfaFactorMissing) => "none will do".to_owned(),
            Err(reason) => format!("{reason:?}"),
        }
    }

    #[test]
    fn the_configured_order_and_what_the_user_has() {
        let okta = written("ost1", "token:software:totp", "OKTA");
        let google = written("uft1", "token:software:totp", "GOOGLE");
        let push = written("opf1", "push", "OKTA");
        let both = json!([push, google, okta]);
        let sends = json!([
            written("sms1", "sms", "OKTA"),
            written("cal1", "call", "OKTA"),
            written("emf1", "email", "OKTA"),
            written("ufs1", "question", "OKTA"),
            written("fuf1", "webauthn", "FIDO"),
            written("web1", "web", "DUO"),
            written("rsa1", "token", "RSA"),
            written("hot1", "token:hotp", "CUSTOM"),
            written("psh1", "push", "DUO"),
        ]);
        for (factors, methods, has_code, expected) in [
            (&both, &[Totp, Push][..], true, "code ost1 uft1"),
            (&both, &[Totp], true, "code ost1 uft1"),
            // Whoever types a code means it, whichever method is named first.
            (&both, &[Push, Totp], true, "code ost1 uft1"),
            (&both, &[Push, Totp], false, "push opf1"),
            (&json!([push]), &[Push, Totp], true, "push opf1"),
            (&both, &[Totp, Push], false, "push opf1"),
            (&both, &[Totp], false, "a code was to be typed"),
            (&both, &[Push], true, "push opf1"),
            (&both, &[], true, "none will do"),
            (&json!([google]), &[Totp, Push], true, "code uft1"),
            (&json!([google]), &[Totp, Push], false, "a code was to be typed"),
            (&json!([push]), &[Totp, Push], true, "push opf1"),
            (&json!([push]), &[Totp], true, "none will do"),
            (&json!([okta]), &[Push], false, "none will do"),
            // The same factor twice is one, and leaves room for another.
            (&json!([okta, okta, google]), &[Totp], true, "code ost1 uft1"),
            (&sends, &[Totp, Push], true, "none will do"),
            (&sends, &[Totp, Push], false, "none will do"),
            (&json!([]), &[Totp, Push], true, "none will do"),
            (&json!([{}]), &[Totp, Push], true, "none will do"),
            (&json!([written("../x", "push", "OKTA")]), &[Push], false, "none will do"),
            (&json!([written("..", "push", "OKTA")]), &[Push], false, "none will do"),
            (&json!([written("a%2fb", "push", "OKTA")]), &[Push], false, "none will do"),
            (&json!([written("", "push", "OKTA")]), &[Push], false, "none will do"),
            (&json!([7]), &[Push], false, "unreadable"),
        ] {
            assert_eq!(choice(factors, methods, has_code), expected, "{factors} {methods:?} {has_code}");
        }
    }

    #[test]
    fn both_spellings_of_the_list() {
        let list = |id| json!([written(id, "push", "OKTA")]);
        for (written, expected) in [
            (json!({"factors": list("opf1")}), &["opf1"][..]),
            (json!({"factor": list("opf2")}), &["opf2"]),
            (json!({"factors": list("opf1"), "factor": list("opf2")}), &["opf1"]),
            (json!({}), &[]),
        ] {
            let factors = serde_json::from_value::<WrittenFactors>(written.clone()).map(WrittenFactors::known);
            let ids = factors.map(|factors| factors.into_iter().map(|factor| factor.id).collect::<Vec<_>>());
            assert_eq!(ids.unwrap_or_default(), expected, "{written}");
        }
    }
}
