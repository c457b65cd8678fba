//! The function's settings, and flags that are numbers or true/false.

use super::super::origin::Wrong;
use super::super::resolved::Architecture;

/// The retentions CloudWatch Logs accepts, in days.
const RETENTIONS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

pub(in crate::settings) fn retention(days: &u32) -> Result<u32, Wrong> {
    let known = RETENTIONS.iter();
    if known.clone().any(|known| known == days) {
        return Ok(*days);
    }
    let next = known.clone().find(|known| *known > days).or(known.clone().next_back());
    let all: Vec<String> = known.map(u32::to_string).collect();
    let why = format!("CloudWatch Logs keeps logs for {} days", all.join(", "));
    Err(Wrong::new("is not a retention CloudWatch Logs knows", why, format!("write {}", next.unwrap_or(&90))))
}

pub(in crate::settings) fn architecture(text: &str) -> Result<Architecture, Wrong> {
    match text {
        "x86_64" => Ok(Architecture::X86_64),
        "arm64" => Ok(Architecture::Arm64),
        _ => {
            let remedy = match text.to_ascii_lowercase().as_str() {
                "x86-64" | "amd64" | "x64" => "write x86_64",
                "aarch64" | "arm" | "graviton" => "write arm64",
                _ => "write x86_64 or arm64",
            };
            Err(Wrong::new("is not an architecture of Lambda", "there are x86_64 and arm64", remedy))
        }
    }
}

/// A limit under which something still gets through.
pub(in crate::settings) fn at_least_one(limit: &u32) -> Result<u32, Wrong> {
    match limit {
        0 => Err(Wrong::new("lets nothing through", "nobody could sign in", "write 1 or more")),
        limit => Ok(*limit),
    }
}

/// A number given as a flag or a variable.
pub(in crate::settings) fn number(text: &str) -> Result<u32, Wrong> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let wrong = || Wrong::new("is not a whole number", "it must be digits alone", "write a number such as 90");
    if digits { text.parse().map_err(|_| wrong()) } else { Err(wrong()) }
}

/// `true` or `false` given as a flag or a variable.
pub(in crate::settings) fn boolean(text: &str) -> Result<bool, Wrong> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Wrong::new("is neither true nor false", "only these two words are understood", "write true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retentions() {
        for good in [1, 90, 365, 3653] {
            assert_eq!(retention(&good), Ok(good));
        }
        for (bad, remedy) in
            [(0, "write 1"), (2, "write 3"), (100, "write 120"), (4000, "write 3653"), (u32::MAX, "write 3653")]
        {
            assert_eq!(retention(&bad).unwrap_err().remedy, remedy);
        }
    }

    #[test]
    fn architectures() {
        assert_eq!(architecture("arm64"), Ok(Architecture::Arm64));
        assert_eq!(architecture("x86_64"), Ok(Architecture::X86_64));
        for (bad, remedy) in [("aarch64", "write arm64"), ("amd64", "write x86_64"), ("", "write x86_64 or arm64")] {
            assert_eq!(architecture(bad).unwrap_err().remedy, remedy);
        }
    }

    #[test]
    fn numbers_and_words() {
        assert_eq!(number("90"), Ok(90));
        for bad in ["", "-1", "+1", "9.0", "99999999999", "ninety"] {
            assert!(number(bad).is_err(), "{bad:?} was accepted");
        }
        assert_eq!(boolean("false"), Ok(false));
        for bad in ["", "yes", "1", "True"] {
            assert!(boolean(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
