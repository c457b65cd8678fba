//! What a user sees: paths as the client names them, and the keys of buckets that they stand for.
//!
//! LOGICAL homes are a list of entries and targets; what lies between the entries is there and empty. A PATH home shows the
//! bucket itself, as `/bucket/key` (Transfer user guide, "Using logical directories").

use serde_json::Value;

/// A place in a bucket. The key has no `/` at either end; that of the bucket itself is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bucket: String,
    pub(super) key: String,
    /// Whether this is where a mapping points, or a PATH home: it is there, even when no object is.
    pub(super) is_root: bool,
}

/// What a path stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// A place in a bucket.
    Place(Place),
    /// A folder that only holds entries: the names below it.
    Between(Vec<String>),
    /// Nothing that this user has.
    Nothing,
}

/// A user's view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Home {
    mappings: Vec<Mapping>,
    start: String,
    is_logical: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mapping {
    /// Normalised, without the first `/`; empty for `/`.
    entry: String,
    bucket: String,
    key: String,
}

impl Home {
    /// A LOGICAL home. `None` for mappings that Transfer would refuse.
    pub(super) fn logical(details: &str, start: Option<&str>, user: &str) -> Option<Self> {
        let list: Vec<Value> = serde_json::from_str(details).ok()?;
        let mut mappings = Vec::new();
        for mapping in &list {
            let text = |name: &str| mapping.get(name).and_then(Value::as_str).filter(|text| text.starts_with('/'));
            let (entry, target) = (text("Entry")?, text("Target")?.replace("${transfer:UserName}", user));
            if target.ends_with('/') || entry.len() > 1024 || target.len() > 1024 || has_odd_parts(&target) {
                return None;
            }
            let (bucket, key) = split(target.trim_start_matches('/'));
            mappings.push(Mapping { entry: normal(entry, "")?, bucket: bucket.to_owned(), key: key.to_owned() });
        }
        let overlaps = mappings.iter().enumerate().any(|(place, one)| {
            let others = mappings.iter().skip(place + 1);
            others.into_iter().any(|other| one.entry == other.entry || one.entry.is_empty() || other.entry.is_empty())
        });
        if mappings.is_empty() || overlaps {
            return None;
        }
        // The entry that lies deepest decides.
        mappings.sort_by_key(|mapping| std::cmp::Reverse(mapping.entry.len()));
        let start = match start {
            None | Some("" | "/") => String::new(),
            Some(start) => normal(start, "").filter(|start| mappings.iter().any(|mapping| mapping.entry == *start))?,
        };
        Some(Self { mappings, start, is_logical: true })
    }

    /// A PATH home: `/bucket` or `/bucket/prefix`.
    pub(super) fn path(home: &str) -> Option<Self> {
        let start = normal(home, "").filter(|_| home.starts_with('/') && (home == "/" || !has_odd_parts(home)))?;
        Some(Self { mappings: Vec::new(), start, is_logical: false })
    }

    /// The absolute path of what a client named.
    pub(super) fn absolute(&self, path: &str) -> Option<String> {
        normal(path, &self.start)
    }

    /// What an absolute path stands for; without the first `/`.
    pub(super) fn look_up(&self, path: &str) -> Seen {
        if !self.is_logical {
            return match split(path) {
                ("", _) => Seen::Between(Vec::new()),
                (bucket, key) => Seen::Place(Place {
                    bucket: bucket.to_owned(),
                    key: key.to_owned(),
                    is_root: key.is_empty() || path == self.start,
                }),
            };
        }
        for mapping in &self.mappings {
            if let Some(rest) = below(path, &mapping.entry) {
                let joined =
                    [mapping.key.as_str(), rest].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>();
                let (bucket, key) = (mapping.bucket.clone(), joined.join("/"));
                return Seen::Place(Place { bucket, key, is_root: rest.is_empty() });
            }
        }
        let names = self.entries_below(path);
        if names.is_empty() { Seen::Nothing } else { Seen::Between(names) }
    }

    /// Names of entries directly below a path: a mapping may lie inside another.
    pub(super) fn entries_below(&self, path: &str) -> Vec<String> {
        let first = |mapping: &Mapping| {
            let rest = below(&mapping.entry, path).filter(|rest| !rest.is_empty())?;
            rest.split('/').next().map(str::to_owned)
        };
        let mut names: Vec<_> = self.mappings.iter().filter_map(first).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The target of the start folder, for the variables of a session policy.
    pub(super) fn target(&self) -> Option<(String, String)> {
        match self.look_up(&self.start) {
            Seen::Place(place) => Some((place.bucket, place.key)),
            Seen::Between(_) | Seen::Nothing => None,
        }
    }
}

/// What is left of a path below a folder: empty for the folder itself.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() || path == folder {
        return Some(path.strip_prefix(folder).unwrap_or_default());
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}

fn split(path: &str) -> (&str, &str) {
    path.split_once('/').unwrap_or((path, ""))
}

fn has_odd_parts(path: &str) -> bool {
    path.contains('\0') || path.trim_start_matches('/').split('/').any(|part| matches!(part, "" | "." | ".."))
}

/// A path without `.`, `..` and doubled `/`, as the client's own file system would read it; `..` stops at the top. Without
/// the first `/`. `None` for what no key may be.
fn normal(path: &str, folder: &str) -> Option<String> {
    if path.contains('\0') || path.len() > 4096 {
        return None;
    }
    let start = if path.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in start.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let whole = parts.join("/");
    // The longest name of a file, and room for the bucket before S3's longest key.
    let fits = whole.len() <= 1024 + 64 && parts.iter().all(|part| part.len() <= 255);
    fits.then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::{Home, Place, Seen};

    fn place(bucket: &str, key: &str, is_root: bool) -> Seen {
        Seen::Place(Place { bucket: bucket.to_owned(), key: key.to_owned(), is_root })
    }

    fn seen(home: &Home, path: &str) -> Seen {
        home.absolute(path).map_or(Seen::Nothing, |path| home.look_up(&path))
    }

    #[test]
    fn one_root() {
        let home =
            Home::logical(r#"[{"Entry":"/","Target":"/files/home/${transfer:UserName}"}]"#, None, "bob").unwrap();
        for (path, expected) in [
            (".", place("files", "home/bob", true)),
            ("", place("files", "home/bob", true)),
            ("/", place("files", "home/bob", true)),
            ("../../../etc/passwd", place("files", "home/bob/etc/passwd", false)),
            ("/a/../../b//c/.", place("files", "home/bob/b/c", false)),
            ("a\\..\\b", place("files", "home/bob/a\\..\\b", false)),
            ("a\0b", Seen::Nothing),
        ] {
            assert_eq!(seen(&home, path), expected, "{path:?}");
        }
        assert_eq!(seen(&home, &"a/".repeat(2000)), Seen::Nothing);
        assert_eq!(seen(&home, &"a".repeat(256)), Seen::Nothing);
    }

    #[test]
    fn several_entries() {
        let details = r#"[{"Entry":"/inbox","Target":"/b/in"},{"Entry":"/a/deep","Target":"/c"},{"Entry":"/inbox2","Target":"/b/two","Type":"DIRECTORY"}]"#;
        let home = Home::logical(details, Some("/inbox"), "bob").unwrap();
        assert_eq!(home.absolute(".").as_deref(), Some("inbox"));
        for (path, expected) in [
            ("x", place("b", "in/x", false)),
            ("..", Seen::Between(vec!["a".to_owned(), "inbox".to_owned(), "inbox2".to_owned()])),
            ("/a", Seen::Between(vec!["deep".to_owned()])),
            ("/a/deep", place("c", "", true)),
            ("/a/deep/x/y", place("c", "x/y", false)),
            ("/inbox2/x", place("b", "two/x", false)),
            ("/inbox/../outbox", Seen::Nothing),
            ("/a/dee", Seen::Nothing),
        ] {
            assert_eq!(seen(&home, path), expected, "{path}");
        }
    }

    #[test]
    fn what_transfer_refuses() {
        for details in [
            "",
            "[]",
            "{}",
            r#"{"Entry":"/","Target":"/b"}"#,
            r#"[{"Entry":"x","Target":"/b"}]"#,
            r#"[{"Entry":"/","Target":"b"}]"#,
            r#"[{"Entry":"/","Target":"/b/"}]"#,
            r#"[{"Entry":"/","Target":"/b/../c"}]"#,
            r#"[{"Entry":"/","Target":"/b"},{"Entry":"/x","Target":"/c"}]"#,
            r#"[{"Entry":"/x","Target":"/b"},{"Entry":"/x/","Target":"/c"}]"#,
        ] {
            assert_eq!(Home::logical(details, None, "bob"), None, "{details}");
        }
        let one = r#"[{"Entry":"/x","Target":"/b"}]"#;
        assert_eq!(Home::logical(one, Some("/y"), "bob"), None);
    }

    #[test]
    fn path_homes_show_the_bucket() {
        let home = Home::path("/files/home/bob").unwrap();
        assert_eq!(home.absolute("").as_deref(), Some("files/home/bob"));
        for (path, expected) in [
            (".", place("files", "home/bob", true)),
            ("x", place("files", "home/bob/x", false)),
            ("..", place("files", "home", false)),
            ("../../../../..", Seen::Between(Vec::new())),
            ("/other/x", place("other", "x", false)),
        ] {
            assert_eq!(seen(&home, path), expected, "{path}");
        }
        for home in ["", "files", "/files/../x", "/files//x"] {
            assert_eq!(Home::path(home), None, "{home}");
        }
        assert!(Home::path("/").is_some());
    }
}
