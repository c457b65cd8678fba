//! The Okta organisation, the domain of logins, and what a user gets.

use sftp_okta_lambda::home::HomeTemplate;
use sftp_okta_lambda::org_url::{OrgUrl, OrgUrlError};
use sftp_okta_lambda::permissions::Permissions;
use sftp_okta_lambda::settings::{Mfa, MfaMethod, SecretArn};

use super::super::origin::Wrong;
use super::server::domain_flaw;

/// The organisation's URL; the rules are the function's own.
pub(in crate::settings) fn org_url(text: &str, custom_domain: bool) -> Result<OrgUrl, Wrong> {
    OrgUrl::parse(text, custom_domain).map_err(|error| {
        let (why, mut remedy) = why_and_remedy(&error.to_string(), "write a host such as https://acme.okta.com");
        if matches!(error, OrgUrlError::CustomDomain(_)) {
            let custom = "if that is your Okta org's own domain, give --custom-domain or write custom_domain = true under [okta]";
            remedy = format!("{custom}; if not, write https://your-org.okta.com");
        }
        Wrong::new("cannot be used as the Okta org", why, remedy)
    })
}

/// The domain appended to user names without `@`. Okta logins are compared in lower case.
pub(in crate::settings) fn login_domain(text: &str) -> Result<String, Wrong> {
    let lower = text.to_ascii_lowercase();
    if let Some(domain) = text.strip_prefix('@') {
        return Err(Wrong::new(
            "is not a domain",
            "it starts with @",
            format!("write {}", domain.to_ascii_lowercase()),
        ));
    }
    match domain_flaw(&lower) {
        None => Ok(lower),
        Some(why) => {
            Err(Wrong::new("is not a domain", why, "write what follows the @ in your users' logins, such as acme.com"))
        }
    }
}

/// Whether a second factor is asked for.
pub(in crate::settings) fn mfa(text: &str) -> Result<Mfa, Wrong> {
    Mfa::ALL.into_iter().find(|mfa| mfa.as_str() == text).ok_or_else(|| {
        let why = "a second factor is asked for never (off), when Okta wants one (auto) or always (required)";
        Wrong::new("is not a value of this key", why, "write off, auto or required")
    })
}

/// A second factor that fits through a password prompt.
pub(in crate::settings) fn mfa_method(text: &str) -> Result<MfaMethod, Wrong> {
    MfaMethod::ALL.into_iter().find(|method| method.as_str() == text).ok_or_else(|| {
        let why = "totp (a code typed after the password and a comma) and push fit through a password prompt";
        Wrong::new("is not a second factor this knows", why, "write totp or push")
    })
}

/// The id of the service app, or of its key: one word.
pub(in crate::settings) fn word(text: &str) -> Result<String, Wrong> {
    if (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    let why = "it has 1 to 255 printable ASCII characters and no spaces";
    Err(Wrong::new("is not an id", why, "copy it from the app's page in Okta"))
}

/// The secret with the service app's private key.
pub(in crate::settings) fn secret(text: &str) -> Result<SecretArn, Wrong> {
    // A key that was pasted here by mistake is not repeated.
    if text.contains("PRIVATE KEY") || text.contains('{') {
        return Err(Wrong::new(
            "is a private key",
            "a configuration file is no place for it",
            "keep it in Secrets Manager and write the ARN of the secret",
        ));
    }
    SecretArn::parse(text).map_err(|_| {
        let remedy = "write it as Secrets Manager shows it, arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME";
        Wrong::new("is not the ARN of a secret", "the function reads the key from Secrets Manager", remedy)
    })
}

/// Where a user's files are, always inside the one bucket; the rules are the function's own.
pub(in crate::settings) fn home(text: &str) -> Result<HomeTemplate, Wrong> {
    HomeTemplate::parse(text).map_err(|error| {
        let (why, remedy) = why_and_remedy(&error.to_string(), HOME_REMEDY);
        Wrong::new("cannot be used as a home", why, remedy)
    })
}

/// The function's own errors end in what to write instead, after a colon; `otherwise` is for those that do not.
pub(in crate::settings) fn why_and_remedy(text: &str, otherwise: &str) -> (String, String) {
    match text.rsplit_once(": ") {
        // A quotation mark says that the colon belongs to a quoted value.
        Some((why, remedy)) if !remedy.contains('"') => (why.to_owned(), remedy.to_owned()),
        _ => (text.to_owned(), otherwise.to_owned()),
    }
}

/// What to write for a home.
pub(in crate::settings) const HOME_REMEDY: &str = "write a path in the bucket, such as /{bucket}/home/{login}";

pub(in crate::settings) fn permissions(text: &str) -> Result<Permissions, Wrong> {
    match text {
        "read-only" => Ok(Permissions::ReadOnly),
        "write-only" => Ok(Permissions::WriteOnly),
        "read-write" => Ok(Permissions::ReadWrite),
        _ => {
            let why = "permissions are read-only, write-only (a drop box) or read-write";
            Err(Wrong::new("is not a permission", why, "write one of the three"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_domains() {
        assert_eq!(login_domain("Acme.com").as_deref(), Ok("acme.com"));
        assert_eq!(login_domain("@Acme.com").unwrap_err().remedy, "write acme.com");
        for bad in ["", "acme", "a@acme.com", "acme.com/", "https://acme.com"] {
            assert!(login_domain(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn homes_lie_in_the_bucket() {
        for good in ["/{bucket}/home/{login}", "/{bucket}/{login}"] {
            assert!(home(good).is_ok(), "{good:?} was refused");
        }
        for bad in ["", "/", "home/{login}", "/other-bucket/{login}", "/{bucket}x/{login}", "{bucket}/{login}"] {
            assert!(home(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn remedies_are_told_apart_from_quoted_values() {
        let split = |text: &str| why_and_remedy(text, "else");
        assert_eq!(split("it is wrong: write x"), ("it is wrong".to_owned(), "write x".to_owned()));
        assert_eq!(split("\"a: b\" is wrong"), ("\"a: b\" is wrong".to_owned(), "else".to_owned()));
    }

    #[test]
    fn permission_words() {
        assert_eq!(permissions("write-only"), Ok(Permissions::WriteOnly));
        for bad in ["", "rw", "READ-ONLY", "read_write"] {
            assert!(permissions(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
