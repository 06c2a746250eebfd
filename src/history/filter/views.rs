//! Filters with a name, from the configuration files: `@name` in a filter stands for one.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Filter;
use super::error::FilterError;
use super::parser;
use crate::config::ViewSetting;

/// What has a name. Invariant: each is understood, whenever it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Views(BTreeMap<String, String>);

impl Views {
    /// What the configuration files name. An error is one line that names the place of
    /// what is not understood.
    pub fn new(settings: &[ViewSetting], now: Timestamp) -> Result<Self, String> {
        let named = settings.iter().map(|it| (it.name.clone(), it.filter.clone()));
        let views = Self(named.collect());
        for ViewSetting { name, filter, place } in settings {
            if name.is_empty() || !name.chars().all(is_part) {
                return Err(format!(
                    "{place}: {name:?} is no name of a view; they are of letters, \
                     digits, - and _"
                ));
            }
            if filter.trim().is_empty() {
                return Err(format!("{place}: the view {name} is empty"));
            }
            // By its name, so that one that is within itself is met.
            if let Err(FilterError { problem, .. }) =
                views.parse(&format!("@{name}"), now)
            {
                return Err(format!("{place}: {problem}"));
            }
        }
        Ok(views)
    }

    /// Reads a filter; ages count back from `now`.
    pub fn parse(&self, text: &str, now: Timestamp) -> Result<Filter, FilterError> {
        Ok(Filter { expression: parser::parse(text, self, now)? })
    }

    /// The filter of that name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Names and filters, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, filter)| (name.as_str(), filter.as_str()))
    }

    /// What there is, for a sentence.
    pub(super) fn listed(&self) -> String {
        let names: Vec<String> = self.0.keys().map(|name| format!("@{name}")).collect();
        if names.is_empty() {
            "[views] in a configuration file names some".to_owned()
        } else {
            format!("there are {}", names.join(", "))
        }
    }
}

/// Whether a name may have it.
pub(super) fn is_part(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '-' | '_')
}
