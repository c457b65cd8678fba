//! A code typed behind the password.

use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::settings::{Mfa, MfaMethod};

/// Digits of the codes that Okta Verify and Google Authenticator show (Okta developer documentation, Authentication API).
const DIGITS: usize = 6;

/// A password, and the code that may have been typed behind it.
#[derive(Debug)]
pub struct Typed {
    /// What Okta is asked about.
    pub password: Secret,
    /// The code, if there is one.
    pub code: Option<Secret>,
}

impl Typed {
    /// What was typed where these settings hold: a code may be in it only if one can be used.
    #[must_use]
    pub fn read(typed: Secret, mfa: Mfa, methods: &[MfaMethod]) -> Self {
        match mfa {
            Mfa::Auto | Mfa::Required if methods.contains(&MfaMethod::Totp) => Self::split(typed),
            Mfa::Off | Mfa::Auto | Mfa::Required => Self::whole(typed),
        }
    }

    /// What was typed, as the password alone.
    #[must_use]
    pub fn whole(typed: Secret) -> Self {
        Self { password: typed, code: None }
    }

    /// Splits at the last comma, if exactly six ASCII digits follow it and more than white space stands before it.
    /// Every other byte of the password stays as it was typed.
    ///
    /// One request decides a sign-in, so this cannot depend on whether Okta will ask for a code: a password that itself
    /// ends in a comma and six digits is taken for a password and a code.
    #[must_use]
    pub fn split(typed: Secret) -> Self {
        let parts = typed.expose().rsplit_once(',').filter(|(password, code)| {
            code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit()) && !password.trim().is_empty()
        });
        match parts.map(|(password, code)| (Zeroizing::new(password.to_owned()), Zeroizing::new(code.to_owned()))) {
            Some((password, code)) => Self { password: Secret::from(password), code: Some(Secret::from(code)) },
            None => Self::whole(typed),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Typed;
    use crate::secret::Secret;
    use crate::settings::Mfa::{Auto, Off, Required};
    use crate::settings::MfaMethod::{Push, Totp};

    fn split(typed: &str) -> (String, Option<String>) {
        let Typed { password, code } = Typed::split(Secret::new(typed.to_owned()));
        (password.expose().to_owned(), code.map(|code| code.expose().to_owned()))
    }

    #[test]
    fn where_it_splits() {
        for (typed, password, code) in [
            ("s3cret,123456", "s3cret", Some("123456")),
            ("a,b,123456", "a,b", Some("123456")),
            ("a,111111,222222", "a,111111", Some("222222")),
            ("s3cret,000000", "s3cret", Some("000000")),
            (" pass word ,123456", " pass word ", Some("123456")),
            ("pässwörd€,123456", "pässwörd€", Some("123456")),
            ("s3cret", "s3cret", None),
            ("s3cret123456", "s3cret123456", None),
            ("s3cret,", "s3cret,", None),
            ("s3cret,12345", "s3cret,12345", None),
            ("s3cret,1234567", "s3cret,1234567", None),
            ("s3cret,12345678", "s3cret,12345678", None),
            ("s3cret, 123456", "s3cret, 123456", None),
            ("s3cret,123456 ", "s3cret,123456 ", None),
            ("s3cret,12345a", "s3cret,12345a", None),
            ("s3cret,+12345", "s3cret,+12345", None),
            ("s3cret,123456,", "s3cret,123456,", None),
            ("s3cret;123456", "s3cret;123456", None),
            // Digits of other scripts are no digits here, and neither is another comma.
            ("s3cret,１２３４５６", "s3cret,１２３４５６", None),
            ("s3cret,١٢٣", "s3cret,١٢٣", None),
            ("s3cret，123456", "s3cret，123456", None),
            // A blank password is never sent to Okta.
            (",123456", ",123456", None),
            (" \t,123456", " \t,123456", None),
            ("", "", None),
            (",", ",", None),
        ] {
            assert_eq!(split(typed), (password.to_owned(), code.map(str::to_owned)), "{typed:?}");
        }
    }

    #[test]
    fn only_where_a_code_can_be_used() {
        for (mfa, methods, splits) in [
            (Off, &[][..], false),
            (Off, &[Totp, Push], false),
            (Auto, &[Push], false),
            (Required, &[Push], false),
            (Auto, &[Totp], true),
            (Required, &[Push, Totp], true),
        ] {
            let typed = Typed::read(Secret::new("s3cret,123456".to_owned()), mfa, methods);
            assert_eq!(typed.code.is_some(), splits, "{mfa:?} {methods:?}");
            assert_eq!(typed.password.expose(), if splits { "s3cret" } else { "s3cret,123456" });
        }
    }

    proptest! {
        #[test]
        fn no_byte_is_lost(typed in ".{0,20}(,[0-9]{0,8})?") {
            let (password, code) = split(&typed);
            prop_assert_eq!(code.map_or(password.clone(), |code| format!("{password},{code}")), typed);
        }

        #[test]
        fn a_code_is_found_behind_any_password(password in ".{0,20}[a-z]", code in "[0-9]{6}") {
            prop_assert_eq!(split(&format!("{password},{code}")), (password, Some(code)));
        }
    }
}
