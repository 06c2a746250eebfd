//! Fields of a request that the application never gets, told as a hint: whoever misses one
//! in `environ` would look for the fault elsewhere.

use crate::exchange::Hint;
use crate::http::{Hazard, Headers, hazard};

/// So many names are told.
const NAMED: usize = 5;
/// So much of each.
const LONGEST: usize = 64;

/// One hint for each reason that there is.
pub(super) fn dropped(headers: &Headers) -> Vec<Hint> {
    let named = |wanted: Hazard| {
        let mut names: Vec<&str> = Vec::new();
        for header in &headers.0 {
            let name = header.name.as_str();
            if hazard(name) == Some(wanted) && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    };
    let aliases = named(Hazard::Alias);
    let alias = (!aliases.is_empty()).then(|| {
        let hyphened: Vec<String> =
            aliases.iter().map(|name| name.replace('_', "-")).collect();
        let hyphened = listed(&hyphened);
        Hint {
            problem: format!(
                "the application did not get {}: with its underscore for a hyphen anybody \
                 could pass it off as {hyphened} (CVE-2015-0219)",
                listed(&aliases)
            ),
            mend: format!("send {hyphened}"),
            quoted: None,
        }
    });
    let setting = named(Hazard::Setting).first().map(|name| Hint {
        problem: format!(
            "the application did not get {name}: it would be HTTP_PROXY, which programs \
             take for the setting of that name (httpoxy, CVE-2016-5385)"
        ),
        mend: "give the header another name".to_owned(),
        quoted: None,
    });
    alias.into_iter().chain(setting).collect()
}

/// A few names as text. They are tokens, so nothing in them needs to be escaped.
fn listed(names: &[impl AsRef<str>]) -> String {
    let short = |name: &str| match name.get(..LONGEST) {
        Some(beginning) if beginning.len() < name.len() => format!("{beginning}…"),
        _ => name.to_owned(),
    };
    let named: Vec<String> =
        names.iter().take(NAMED).map(|name| short(name.as_ref())).collect();
    let more = names.len() - named.len();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(names: &[&str]) -> Vec<String> {
        let mut headers = Headers::default();
        for name in names {
            headers.push(*name, "1");
        }
        dropped(&headers).into_iter().map(|hint| hint.problem).collect()
    }

    #[test]
    fn what_reaches_the_application_is_not_told() {
        assert_eq!(problems(&["Host", "X-User", "Proxy-Authorization"]), [""; 0]);
    }

    #[test]
    fn each_reason_is_told_once_with_the_names() {
        let found = problems(&["X_User", "proxy", "X_User", "X_Id"]);
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("X_User, X_Id: with"), "{}", found[0]);
        assert!(found[0].contains("pass it off as X-User, X-Id"), "{}", found[0]);
        assert!(found[1].contains("did not get proxy: it would be HTTP_PROXY"));
    }

    #[test]
    fn many_long_names_make_no_long_hint() {
        let names: Vec<String> =
            (0..100).map(|number| format!("{number}_{}", "x".repeat(9000))).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = problems(&names);
        assert!(
            found[0].len() < 1000 && found[0].contains(" and 95 more"),
            "{}",
            found[0]
        );
    }
}
