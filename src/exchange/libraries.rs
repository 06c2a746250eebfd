//! The libraries a generation has loaded: which of them were in memory already, which were
//! not, and why.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What was imported beforehand, for generations to be forked from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preload {
    /// Modules of libraries, in the order of their import.
    pub modules: Vec<String>,
    /// Modules that are not among them, in the order in which the application imports
    /// them, with the reason. Not escaped.
    pub left_out: Vec<(String, String)>,
    /// What the application changes of what imports depend on, each with the first module
    /// that is imported after it.
    pub surroundings: Vec<(String, String)>,
}

/// The libraries that a generation has loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Libraries {
    /// What was in memory; nothing for a cold one.
    pub warm: Arc<Preload>,
    /// The modules it had to import itself, in that order, each with the reason, which is
    /// empty where that is the same for all: that the generation is cold.
    pub fresh: Vec<(String, String)>,
}

impl Libraries {
    /// How many modules were in memory, and how many there are in all.
    pub fn share(&self) -> (usize, usize) {
        let warm = self.warm.modules.len();
        (warm, warm + self.fresh.len())
    }
}

/// Modules of one package of which the same is to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// What their names have in common; the whole name where there is one alone.
    pub name: &'a str,
    pub modules: usize,
    /// What is said of them.
    pub why: &'a str,
}

impl Preload {
    /// What is in memory, package by package, in the order of their import.
    pub fn by_package(&self) -> Vec<Group<'_>> {
        by_package(self.modules.iter().map(|name| (name.as_str(), "")))
    }

    /// What is left out, likewise.
    pub fn left_out_by_package(&self) -> Vec<Group<'_>> {
        by_package(self.left_out.iter().map(|(name, why)| (name.as_str(), why.as_str())))
    }
}

impl Libraries {
    /// What was not in memory, package by package, in the order of their import.
    pub fn fresh_by_package(&self) -> Vec<Group<'_>> {
        by_package(self.fresh.iter().map(|(name, why)| (name.as_str(), why.as_str())))
    }
}

fn by_package<'a>(modules: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut places = HashMap::new();
    for (name, why) in modules {
        let top = name.split('.').next().unwrap_or_default();
        let place = *places.entry((top, why)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => {
                group.modules += 1;
                group.name = in_common(group.name, name);
            }
            None => groups.push(Group { name, modules: 1, why }),
        }
    }
    groups
}

/// The packages that two dotted names have in common.
fn in_common<'a>(one: &'a str, other: &str) -> &'a str {
    let mut end = 0;
    for (part, same) in one.split('.').zip(other.split('.')) {
        if part != same {
            break;
        }
        end += part.len() + 1;
    }
    &one[..end.saturating_sub(1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_told_package_by_package_in_the_order_of_their_import() {
        let names = ["flask", "json.encoder", "flask.app", "json", "flask.json.tag"];
        let preload =
            Preload { modules: names.map(str::to_owned).to_vec(), ..Preload::default() };
        let group = |name, modules| Group { name, modules, why: "" };
        assert_eq!(preload.by_package(), [group("flask", 3), group("json", 2)]);
        let fresh = [("zmq.a.b", "one"), ("zmq.a.c", "one"), ("zmq.a.d", "two")];
        let fresh = fresh.map(|(name, why)| (name.to_owned(), why.to_owned())).to_vec();
        let libraries = Libraries { fresh, ..Libraries::default() };
        let groups = [
            Group { name: "zmq.a", modules: 2, why: "one" },
            Group { name: "zmq.a.d", modules: 1, why: "two" },
        ];
        assert_eq!(libraries.fresh_by_package(), groups);
    }
}
