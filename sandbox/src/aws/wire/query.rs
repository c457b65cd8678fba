//! Input of awsQuery: a form whose names are paths, such as `Parameters.member.1.ParameterKey`.

use std::collections::BTreeMap;

use url::form_urlencoded;

/// The fields of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    fields: BTreeMap<String, String>,
}

impl Parameters {
    /// Reads a form.
    pub(crate) fn parse(form: &[u8]) -> Self {
        Self { fields: form_urlencoded::parse(form).into_owned().collect() }
    }

    /// A field; an empty one is there.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// A field that says true or false.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.text(name).map(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A list of texts: `Name.member.1`, `Name.member.2`, ….
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        (1..).map_while(|index| self.fields.get(&format!("{name}.member.{index}")).cloned()).collect()
    }

    /// A list of structures: `Name.member.1.Field`, ….
    pub(crate) fn structures(&self, name: &str) -> Vec<Self> {
        (1..)
            .map_while(|index| {
                let prefix = format!("{name}.member.{index}.");
                let fields: BTreeMap<_, _> = self
                    .fields
                    .range(prefix.clone()..)
                    .map_while(|(key, value)| Some((key.strip_prefix(&prefix)?.to_owned(), value.clone())))
                    .collect();
                (!fields.is_empty()).then_some(Self { fields })
            })
            .collect()
    }

    /// A map from two fields of each structure, such as `Tags` by `Key` and `Value`.
    pub(crate) fn pairs(&self, name: &str, key: &str, value: &str) -> BTreeMap<String, String> {
        let pair = |entry: &Self| Some((entry.text(key)?.to_owned(), entry.text(value).unwrap_or_default().to_owned()));
        self.structures(name).iter().filter_map(pair).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_structures_are_read_by_their_numbers() {
        let form =
            b"Action=X&Capabilities.member.1=A&Capabilities.member.2=B&Tags.member.1.Key=k&Tags.member.1.Value=v+1\
                     &Tags.member.2.Key=l&Flag=true&Empty=";
        let read = Parameters::parse(form);
        assert_eq!(read.text("Action"), Some("X"));
        assert_eq!(read.text("Empty"), Some(""));
        assert_eq!(read.text("None"), None);
        assert_eq!(read.flag("Flag"), Some(true));
        assert_eq!(read.list("Capabilities"), ["A", "B"]);
        assert_eq!(read.structures("Tags").len(), 2);
        let tags = read.pairs("Tags", "Key", "Value");
        assert_eq!(tags.get("k").map(String::as_str), Some("v 1"));
        assert_eq!(tags.get("l").map(String::as_str), Some(""));
    }
}
