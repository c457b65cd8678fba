//! Secrets of this process's surroundings, taken out of everything that is shown.

use std::fmt;

/// Shorter values are words of every text, and no secret worth the name.
const SHORTEST: usize = 8;

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// The secrets that environment variables hold: the credentials' parts, and whatever calls itself a token or a password.
///
/// A pipeline's log is read by many, and a service or a credentials process may repeat what it was given.
#[derive(Clone, Default)]
pub struct Mask {
    /// Longest first, so that a secret that holds another one goes as a whole.
    secrets: Vec<String>,
}

impl Mask {
    /// The secrets among these variables.
    #[must_use]
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let values = variables.into_iter().filter(|(name, _)| is_secret(name)).map(|(_, value)| value);
        let mut secrets: Vec<String> = values
            .flat_map(|value| value.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>())
            .filter(|line| line.chars().count() >= SHORTEST)
            .collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self { secrets }
    }

    /// The text without them.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN))
    }
}

/// Whether a variable of this name holds a secret, and not a place where one is or the name of one.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let of_one = ["SECRET", "TOKEN", "PASSWORD", "PRIVATE_KEY"].iter().any(|word| name.contains(word));
    let about_one = ["_FILE", "_PATH", "_URL", "_URI", "_ARN", "_ID", "_NAME"].iter().any(|end| name.ends_with(end));
    of_one && !about_one
}

impl fmt::Debug for Mask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Mask({} secrets)", self.secrets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(variables: &[(&str, &str)]) -> Mask {
        Mask::of(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn secrets_go_and_everything_else_stays() {
        let mask = mask(&[
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
            ("AWS_SESSION_TOKEN", "wJalrXUtnFEMI/longer"),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/run/token-file"),
            ("DEPLOY_KEY_PRIVATE_KEY", "-----BEGIN KEY-----\nMIIEvQIBADANBg\n"),
            ("MY_PASSWORD", "short"),
        ]);
        assert_eq!(
            mask.apply("wJalrXUtnFEMI/longer wJalrXUtnFEMI AKIAIOSFODNN7EXAMPLE /run/token-file MIIEvQIBADANBg short"),
            "*** *** AKIAIOSFODNN7EXAMPLE /run/token-file *** short"
        );
        assert_eq!(format!("{mask:?}"), "Mask(4 secrets)");
    }
}
