//! Folders around what users call their own.

use crate::home::FolderTarget;
use crate::settings::Settings;

/// A folder that is the same for everyone, around homes or folders that are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Around {
    /// The rule that gives the folder, counted from 0.
    pub rule: usize,
    /// The folder, as it is written.
    pub folder: String,
    /// The first rule that gives something inside it, counted from 0.
    pub other_rule: usize,
    /// The first home or folder inside it, as it is written.
    pub inside: String,
}

/// The folders without a placeholder inside which users' own homes and folders lie: whoever has one has all of these. That
/// is legal, and may still not be what is meant. Each folder of a rule once.
#[must_use]
pub fn around(settings: &Settings) -> Vec<Around> {
    let targets = || {
        let rules = settings.access.iter().enumerate();
        rules.flat_map(|(at, rule)| rule.directories().into_iter().map(move |(_, target, _)| (at, target)))
    };
    let own: Vec<(usize, FolderTarget)> = targets().filter(|(_, target)| !target.is_literal()).collect();
    let around = targets().filter(|(_, target)| target.is_literal()).filter_map(|(rule, folder)| {
        let all = folder.literal_prefix();
        let (other_rule, inside) = own.iter().find(|(_, own)| own.literal_prefix().starts_with(&all))?;
        Some(Around { rule, folder: folder.to_string(), other_rule: *other_rule, inside: inside.to_string() })
    });
    around.collect()
}
