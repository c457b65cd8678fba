//! Whether two templates can ever give two users paths of which one holds the other.

use super::template::{Placeholder, Segment, Template};

impl Template {
    /// Whether the paths of two different users, one from each template, never hold each other, whoever they are.
    ///
    /// True if there is a place at which the two paths always differ; a path that holds another agrees with it at every
    /// place that it has. False where it is not certain.
    ///
    /// `domain` is that of all logins, if they have one.
    pub(super) fn is_apart_from(&self, other: &Self, domain: Option<&str>) -> bool {
        self.segments.iter().zip(&other.segments).any(|(one, other)| {
            let is_of_one_user = one.placeholder.as_ref().is_some_and(Placeholder::names_one_user);
            (one == other && is_of_one_user) || !one.can_equal(other, domain)
        })
    }

    /// Whether one of the two paths of one user always holds the other.
    pub(super) fn always_holds_or_is_held_by(&self, other: &Self) -> bool {
        self.segments.iter().zip(&other.segments).all(|(one, other)| one == other)
    }
}

impl Segment {
    /// Whether the two can be the same text with different users.
    fn can_equal(&self, other: &Self, domain: Option<&str>) -> bool {
        match (&self.placeholder, &other.placeholder) {
            (None, None) => self.before == other.before,
            (None, Some(_)) => other.can_be(&self.before, domain),
            (Some(_), None) => self.can_be(&other.before, domain),
            (Some(_), Some(_)) => {
                let (one, two) = (&self.before, &other.before);
                let is_same_start = one.starts_with(two.as_str()) || two.starts_with(one.as_str());
                let (one, two) = (&self.after, &other.after);
                is_same_start && (one.ends_with(two.as_str()) || two.ends_with(one.as_str()))
            }
        }
    }

    /// Whether some value of the placeholder makes this text of it.
    fn can_be(&self, text: &str, domain: Option<&str>) -> bool {
        let value = text.strip_prefix(self.before.as_str()).and_then(|rest| rest.strip_suffix(self.after.as_str()));
        match (value, &self.placeholder) {
            (None | Some(""), _) | (_, None) => false,
            // Logins are brought into lower case.
            (Some(value), Some(Placeholder::Login | Placeholder::User))
                if value.bytes().any(|byte| byte.is_ascii_uppercase()) =>
            {
                false
            }
            (Some(value), Some(Placeholder::Login)) => domain.is_none_or(|domain| {
                value.strip_suffix(domain).is_some_and(|user| user.len() > 1 && user.ends_with('@'))
            }),
            (Some(value), Some(Placeholder::User)) => !value.contains('@'),
            (Some(_), Some(Placeholder::OktaId | Placeholder::Profile(_))) => true,
        }
    }
}
