//! A TOML document whose values know their line, and whose sections know their keys.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Error, ErrorCode, Result};

use super::file::ConfigFile;
use super::origin::{Located, Origin};

/// One table of the file, with the name of its section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section<'d> {
    file: &'d ConfigFile,
    /// Empty for the top of the file.
    name: &'static str,
    /// Where the section starts, in bytes.
    start: usize,
    table: &'d DeTable<'d>,
}

/// Parses the file's text.
pub(super) fn parse(file: &ConfigFile) -> Result<Spanned<DeTable<'_>>> {
    DeTable::parse(&file.text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let place = place(file, start);
        Error::new(ErrorCode::Configuration, format!("{place} is not valid TOML"))
            .cause(error.message().replace('\n', ", "))
            .hint("correct the line; the README's table and examples/full.toml show the form of every key")
            .resource(place)
    })
}

/// `sftp-okta.toml:12`
fn place(file: &ConfigFile, offset: usize) -> String {
    let line = file.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
    format!("{}:{line}", file.path.display())
}

impl<'d> Section<'d> {
    pub(super) fn top(file: &'d ConfigFile, document: &'d Spanned<DeTable<'d>>) -> Self {
        Self { file, name: "", start: 0, table: document.get_ref() }
    }

    /// Refuses every key that is not in `keys`; the first in the file is told.
    pub(super) fn allow(&self, keys: &[&str]) -> Result<()> {
        let mut present: Vec<_> = self.table.keys().collect();
        present.sort_by_key(|key| key.span().start);
        for key in present {
            let name: &str = key.get_ref();
            let origin = self.origin(name, key.span().start);
            if !keys.contains(&name) {
                return Err(self.unknown(name, &origin, keys));
            }
        }
        Ok(())
    }

    fn unknown(&self, name: &str, origin: &Origin, keys: &[&str]) -> Error {
        let section = if self.name.is_empty() { "the top of the file".to_owned() } else { format!("[{}]", self.name) };
        let nearest = keys
            .iter()
            .map(|key| (strsim::damerau_levenshtein(&name.to_lowercase().replace('-', "_"), key), *key))
            .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
            .min();
        let hint = match nearest {
            Some((_, known)) => format!("write {known}, if that is what you mean, or remove the line"),
            None => format!("remove the line; the keys here are {}", keys.join(", ")),
        };
        origin.error("is not a known key").cause(format!("{section} has no key {name}")).hint(hint)
    }

    fn origin(&self, key: &str, offset: usize) -> Origin {
        let key = if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
        Origin::File { key, place: place(self.file, offset) }
    }

    /// The origin of the section itself.
    pub(super) fn here(&self) -> Origin {
        Origin::File { key: self.name.to_owned(), place: place(self.file, self.start) }
    }

    /// The origin of the value under `key`.
    pub(super) fn origin_of(&self, key: &str) -> Origin {
        self.get(key).map_or(Origin::Default, |(_, origin)| origin)
    }

    fn get(&self, key: &str) -> Option<(&'d DeValue<'d>, Origin)> {
        let value = self.table.get(key)?;
        Some((value.get_ref(), self.origin(key, value.span().start)))
    }

    /// A value of one type; any other type is refused with an example of the right one.
    fn typed<T>(
        &self,
        key: &str,
        example: &str,
        read: impl Fn(&'d DeValue<'d>) -> Option<T>,
    ) -> Result<Option<Located<T>>> {
        let Some((value, origin)) = self.get(key) else { return Ok(None) };
        match read(value) {
            Some(value) => Ok(Some(Located::new(value, origin))),
            None => Err(wrong_type(&origin, key, value, example)),
        }
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<Located<String>>> {
        self.typed(key, "\"…\"", |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn boolean(&self, key: &str) -> Result<Option<Located<bool>>> {
        self.typed(key, "true", DeValue::as_bool)
    }

    pub(super) fn number(&self, key: &str) -> Result<Option<Located<u32>>> {
        self.typed(key, "90", |value| {
            let integer = value.as_integer()?;
            u32::from_str_radix(integer.as_str(), integer.radix()).ok()
        })
    }

    /// A list of texts, each with its own line.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<Located<String>>> {
        let list = self.typed(key, "[\"…\"]", |value| {
            let items = value.as_array()?.iter();
            let located = items.map(|item| {
                let origin = self.origin(key, item.span().start);
                item.get_ref().as_str().map(|text| Located::new(text.to_owned(), origin))
            });
            located.collect::<Option<Vec<_>>>()
        })?;
        Ok(list.map(|list| list.value).unwrap_or_default())
    }

    /// Whether the key's value is a table.
    pub(super) fn is_section(&self, key: &str) -> bool {
        self.table.get(key).is_some_and(|value| value.get_ref().is_table())
    }

    /// Whether the key is there at all.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The table under `key`, called `name` in messages.
    pub(super) fn section(&self, key: &'static str, name: &'static str) -> Result<Option<Section<'d>>> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let start = value.span().start;
        match value.get_ref().as_table() {
            Some(table) => Ok(Some(Self { file: self.file, name, start, table })),
            None => Err(wrong_type(&self.origin(key, start), key, value.get_ref(), "{ … }")),
        }
    }

    /// The tables of the array under `key`, each called `name` in messages.
    pub(super) fn sections(&self, key: &'static str, name: &'static str) -> Result<Option<Vec<Section<'d>>>> {
        let Some((value, origin)) = self.get(key) else { return Ok(None) };
        let wrong = || wrong_type(&origin, key, value, "[{ … }]");
        let mut sections = Vec::new();
        for item in value.as_array().ok_or_else(wrong)? {
            let table = item.get_ref().as_table().ok_or_else(wrong)?;
            sections.push(Self { file: self.file, name, start: item.span().start, table });
        }
        Ok(Some(sections))
    }

    /// All texts of the section, whatever their keys.
    pub(super) fn all_texts(&self) -> Result<Vec<(String, Located<String>)>> {
        let mut keys: Vec<_> = self.table.keys().collect();
        keys.sort_by_key(|key| key.span().start);
        let mut texts = Vec::new();
        for key in keys {
            let name: &str = key.get_ref();
            if let Some(text) = self.text(name)? {
                texts.push((name.to_owned(), text));
            }
        }
        Ok(texts)
    }
}

fn wrong_type(origin: &Origin, key: &str, value: &DeValue<'_>, example: &str) -> Error {
    let is = match value.type_str() {
        "array" => "an array",
        "integer" => "an integer",
        "inline table" | "table" => "a table",
        "boolean" => "a boolean",
        "float" => "a float",
        "datetime" => "a date",
        _ => "a string",
    };
    let hint = match (value, example) {
        (DeValue::Integer(number), "\"…\"") => format!("put it in quotes: {key} = \"{}\"", number.as_str()),
        (DeValue::String(text), "true") if text == "true" || text == "false" => {
            format!("write it without quotes: {key} = {text}")
        }
        (DeValue::String(text), "90") if text.parse::<u32>().is_ok() => {
            format!("write it without quotes: {key} = {text}")
        }
        _ => format!("write it in the form {key} = {example}"),
    };
    let wanted = match example {
        "true" => "true or false",
        "90" => "a whole number",
        "\"…\"" => "a string",
        "[\"…\"]" => "a list of strings",
        _ => "a table",
    };
    origin.error("has a value of the wrong type").cause(format!("it is {is}, and {wanted} is needed")).hint(hint)
}
