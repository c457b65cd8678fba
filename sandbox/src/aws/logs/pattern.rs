//! Filter patterns of CloudWatch Logs: words, and comparisons of JSON fields joined by `&&` or by `||`
//! (User Guide, "Filter pattern syntax"). Numbers are compared for equality only.

use serde_json::Value;

/// What a line must be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Every word of the first list, none of the second, and one of the third where it is not empty.
    Words { all: Vec<String>, none: Vec<String>, any: Vec<String> },
    /// Every comparison, or (`or`) one of them.
    Fields { or: bool, comparisons: Vec<Comparison> },
}

/// `$.path = "value"`, `$.path != "value"`; a value may begin or end in `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comparison {
    path: Vec<String>,
    equal: bool,
    value: String,
}

impl Pattern {
    /// Reads a pattern; `None` where it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.strip_prefix('{') {
            Some(rest) => Self::fields(rest.strip_suffix('}')?),
            None => Some(Self::words(text)),
        }
    }

    fn words(text: &str) -> Self {
        let (mut all, mut none, mut any) = (Vec::new(), Vec::new(), Vec::new());
        let mut rest = text;
        while !rest.is_empty() {
            let (list, word) = match rest.as_bytes().first() {
                Some(b'-') => (&mut none, rest.strip_prefix('-').unwrap_or(rest)),
                Some(b'?') => (&mut any, rest.strip_prefix('?').unwrap_or(rest)),
                Some(_) | None => (&mut all, rest),
            };
            let (word, after) = match word.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => word.split_once(' ').unwrap_or((word, "")),
            };
            list.push(word.to_owned());
            rest = after.trim_start();
        }
        Self::Words { all, none, any }
    }

    fn fields(text: &str) -> Option<Self> {
        let or = text.contains("||");
        if or && text.contains("&&") {
            return None;
        }
        let comparisons = text.split(if or { "||" } else { "&&" }).map(Comparison::parse).collect::<Option<_>>()?;
        Some(Self::Fields { or, comparisons })
    }

    /// Whether a line is like that.
    pub(super) fn matches(&self, line: &str) -> bool {
        match self {
            Self::Words { all, none, any } => {
                all.iter().all(|word| line.contains(word))
                    && !none.iter().any(|word| line.contains(word))
                    && (any.is_empty() || any.iter().any(|word| line.contains(word)))
            }
            Self::Fields { or, comparisons } => {
                let Ok(line) = serde_json::from_str::<Value>(line) else { return false };
                let mut results = comparisons.iter().map(|comparison| comparison.matches(&line));
                if *or { results.any(|result| result) } else { results.all(|result| result) }
            }
        }
    }
}

impl Comparison {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('(').trim_end_matches(')').trim();
        let (path, equal, value) = match text.split_once("!=") {
            Some((path, value)) => (path, false, value),
            None => text.split_once('=').map(|(path, value)| (path, true, value))?,
        };
        let path = path.trim().strip_prefix("$.")?.split('.').map(ToOwned::to_owned).collect();
        let value = value.trim();
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        Some(Self { path, equal, value: value.replace("\\\"", "\"") })
    }

    fn matches(&self, line: &Value) -> bool {
        let found = self.path.iter().try_fold(line, |value, name| value.get(name));
        let Some(found) = found else { return false };
        let found = found.as_str().map_or_else(|| found.to_string(), ToOwned::to_owned);
        let equal = match (self.value.strip_prefix('*'), self.value.strip_suffix('*')) {
            (Some(_), Some(_)) => found.contains(self.value.trim_matches('*')),
            (Some(end), None) => found.ends_with(end),
            (None, Some(begin)) => found.starts_with(begin),
            (None, None) => found == self.value,
        };
        equal == self.equal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, line: &str) -> bool {
        Pattern::parse(pattern).is_some_and(|pattern| pattern.matches(line))
    }

    #[test]
    fn words() {
        assert!(matches("", "anything"));
        assert!(matches("one \"two three\"", "two three one"));
        assert!(!matches("one -two", "one two"));
        assert!(matches("?one ?two", "two"));
        assert!(!matches("?one ?two", "three"));
    }

    #[test]
    fn fields() {
        let line = r#"{"user":"alice","okta":{"status":200},"reason":"wrong_password"}"#;
        assert!(matches(r#"{ $.user = "alice" }"#, line));
        assert!(matches("{ $.okta.status = 200 && $.reason = \"wrong*\" }", line));
        assert!(matches("{ ($.user = \"bob\") || ($.user = \"alice\") }", line));
        assert!(!matches(r#"{ $.user != "alice" }"#, line));
        assert!(!matches(r#"{ $.missing = "alice" }"#, line));
        assert!(!matches(r#"{ $.user = "alice" }"#, "not JSON"));
        assert_eq!(Pattern::parse("{ user }"), None);
    }
}
