//! The access rules, and where each of their values stands.

use sftp_okta_lambda::access::{AccessRule, Folder};
use sftp_okta_lambda::permissions::Permissions;

use crate::error::{Error, Result};

use super::super::check::{access, okta};
use super::super::document::Section;
use super::super::given::Given;
use super::super::layout;
use super::super::lookup::{Rule, text};
use super::super::origin::{Located, Origin};
use super::Sections;

const HOME: &str = "/{bucket}/home/{login}";

/// All rules.
pub(super) struct Rules {
    pub(super) rules: Vec<AccessRule>,
    /// For each rule, where its values stand.
    pub(super) places: Vec<Places>,
    /// Nobody wrote a rule.
    pub(super) by_default: bool,
    /// The rules, counted from 1, whose home gave way to their folders.
    pub(super) replaced_homes: Vec<usize>,
}

/// Where the values of a rule stand.
pub(super) struct Places {
    /// The rule itself.
    pub(super) here: Origin,
    /// Users, groups, home, and paths and targets of folders.
    values: Vec<Located<String>>,
    /// The first of the keys.
    pub(super) keys: Option<Origin>,
    /// The groups.
    pub(super) groups: Option<Origin>,
}

impl Places {
    /// Where a value stands; the rule itself if the value is not found.
    pub(super) fn of(&self, value: &str) -> &Origin {
        let found = self.values.iter().find(|located| located.value.eq_ignore_ascii_case(value));
        found.map_or(&self.here, |located| &located.origin)
    }

    /// Where the first value stands that holds this text.
    pub(super) fn holding(&self, part: &str) -> Option<&Origin> {
        self.values.iter().find(|located| located.value.contains(part)).map(|located| &located.origin)
    }
}

impl Sections<'_> {
    pub(super) fn access(&self, given: &Given) -> Result<Rules> {
        let mut found = Rules { rules: Vec::new(), places: Vec::new(), by_default: false, replaced_homes: Vec::new() };
        match self.access.as_deref() {
            None => {
                found.by_default = given.home.is_none() && given.permissions.is_none();
                self.rule(given, None, &mut found)?;
            }
            Some([]) => {
                let top = self.top.map_or(Origin::Default, |top| top.origin_of("access"));
                return Err(top
                    .error("is empty")
                    .cause("nobody could sign in")
                    .hint("remove the line, or write one rule"));
            }
            Some([rule]) => self.rule(given, Some(*rule), &mut found)?,
            Some(rules) => {
                if let Some(value) = given.home.as_ref().or(given.permissions.as_ref()) {
                    return Err(value
                        .origin
                        .error("is given, and the file has several access rules")
                        .cause("it could mean any of them")
                        .hint("leave it out, and write it in the rule that is meant"));
                }
                for rule in rules {
                    self.rule(given, Some(*rule), &mut found)?;
                }
            }
        }
        Ok(found)
    }

    fn rule(&self, given: &Given, section: Option<Section<'_>>, found: &mut Rules) -> Result<()> {
        let mut places = Places {
            here: section.map_or(Origin::Default, |section| section.here()),
            values: Vec::new(),
            keys: section.filter(|section| section.has("ssh_keys")).map(|section| section.origin_of("ssh_keys")),
            groups: section.filter(|section| section.has("groups")).map(|section| section.origin_of("groups")),
        };
        let permissions = match text(&given.permissions, section, "permissions")? {
            Some(word) => word.try_map(okta::permissions)?.value,
            None => Permissions::ReadWrite,
        };
        let folders = folders(section, &mut places)?;
        let home = text(&given.home, section, "home")?;
        if !folders.is_empty() && home.is_some() {
            found.replaced_homes.push(found.rules.len() + 1);
        }
        let home = home.unwrap_or_else(|| Located::new(HOME.to_owned(), places.here.clone()));
        places.values.push(home.clone());
        let home = home.try_map(okta::home)?.value;
        let rule = AccessRule {
            groups: list(section, "groups", access::group, Some(&mut places.values))?,
            users: list(section, "users", access::user, Some(&mut places.values))?,
            allow_from: list(section, "allow_from", access::network, None)?,
            protocols: list(section, "protocols", access::protocol, None)?,
            home: folders.is_empty().then_some(home),
            permissions,
            folders,
            ssh_keys: list(section, "ssh_keys", access::public_key, None)?,
        };
        found.rules.push(rule);
        found.places.push(places);
        Ok(())
    }
}

/// A list whose values each have a rule. An empty one is refused: whether it means everybody or nobody cannot be told.
fn list<T>(
    section: Option<Section<'_>>,
    key: &str,
    rule: Rule<str, T>,
    mut values: Option<&mut Vec<Located<String>>>,
) -> Result<Vec<T>> {
    let Some(section) = section.filter(|section| section.has(key)) else { return Ok(Vec::new()) };
    let mut items = Vec::new();
    for item in section.texts(key)? {
        if let Some(values) = &mut values {
            values.push(item.clone());
        }
        items.push(item.try_map(rule)?.value);
    }
    if items.is_empty() {
        return Err(empty(&section.origin_of(key)));
    }
    Ok(items)
}

fn empty(origin: &Origin) -> Error {
    origin.error("is empty").cause("it could mean everybody or nobody").hint("remove the line, or write what is meant")
}

fn folders(section: Option<Section<'_>>, places: &mut Places) -> Result<Vec<Folder>> {
    let Some(section) = section.filter(|section| section.has("folders")) else { return Ok(Vec::new()) };
    let mut folders = Vec::new();
    for folder in section.sections("folders", "access.folders")?.unwrap_or_default() {
        folder.allow(layout::FOLDERS)?;
        let needed = |key: &str| -> Result<Located<String>> {
            folder.text(key)?.ok_or_else(|| {
                folder
                    .here()
                    .error(&format!("has no {key}"))
                    .hint("write it in the form path = \"/inbox\" and target = \"/{bucket}/partners/{login}/in\"")
            })
        };
        let (path, target) = (needed("path")?, needed("target")?);
        places.values.extend([path.clone(), target.clone()]);
        let permissions = folder.text("permissions")?.map(|word| word.try_map(okta::permissions)).transpose()?;
        folders.push(Folder {
            path: path.try_map(access::folder_path)?.value,
            target: target.try_map(access::folder_target)?.value,
            permissions: permissions.map(|found| found.value),
        });
    }
    if folders.is_empty() {
        return Err(empty(&section.origin_of("folders")));
    }
    Ok(folders)
}
