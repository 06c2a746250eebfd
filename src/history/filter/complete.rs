//! What a filter that is being typed may become, from the table of operators.

use super::operators::{self, OPERATORS, Operator, Value};
use super::views::Views;

/// What may stand where a filter ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The filter with as much added to it as is clear.
    pub text: String,
    /// The words that its last one may become.
    pub words: Vec<String>,
    /// About the operator or the view that the last word is of, where that is clear.
    pub help: Option<String>,
}

/// Looks at the last word of a filter.
pub fn complete(text: &str, views: &Views) -> Completion {
    let start = last_word(text);
    let (before, word) = text.split_at(start);
    let operator = word.split_once(':').and_then(|(name, _)| operators::named(name));
    let words = match (word.split_once(':'), operator) {
        _ if text.matches('"').count() % 2 == 1 => Vec::new(),
        (Some((name, value)), Some(operator)) => values(operator, name, value),
        (Some(_), None) => Vec::new(),
        (None, _) => [named(word, views), names(word)].concat(),
    };
    let clearest = if let [only] = &words[..] { only.as_str() } else { word };
    let view = clearest.strip_prefix('@').and_then(|name| views.get(name));
    let view = view.map(str::to_owned);
    let help = operator.or_else(|| match &words[..] {
        [only] => operators::named(only.strip_suffix(':')?),
        _ => None,
    });
    let clear = in_common(&words).unwrap_or(word);
    let text = format!("{before}{clear}");
    let help = view.or_else(|| help.map(|operator| operator.help.to_owned()));
    Completion { text, words, help }
}

/// Where the last word begins: behind a space, a parenthesis or a negation.
fn last_word(text: &str) -> usize {
    let ends = |letter: char| letter.is_whitespace() || matches!(letter, '(' | '!');
    let last = text.char_indices().rev().find(|(_, letter)| ends(*letter));
    last.map_or(0, |(at, letter)| at + letter.len_utf8())
}

/// The views whose names begin so.
fn named(word: &str, views: &Views) -> Vec<String> {
    let names = views.iter().map(|(name, _)| format!("@{name}"));
    names.filter(|name| name.starts_with(word)).collect()
}

fn names(word: &str) -> Vec<String> {
    let form = |operator: &Operator| match word.strip_prefix('~') {
        Some(_) if operator.short.is_empty() => None,
        Some(_) => Some(format!("~{}", operator.short)),
        None if operator.name.is_empty() => None,
        None => Some(format!("{}:", operator.name)),
    };
    OPERATORS.iter().filter_map(form).filter(|form| form.starts_with(word)).collect()
}

fn values(operator: &Operator, name: &str, value: &str) -> Vec<String> {
    let (Value::Choice(choices) | Value::Source(choices)) = operator.value else {
        return Vec::new();
    };
    let fitting = choices.iter().filter(|(choice, _)| choice.starts_with(value));
    fitting.map(|(choice, _)| format!("{name}:{choice}")).collect()
}

/// The beginning that all words share.
fn in_common(words: &[String]) -> Option<&str> {
    let first = words.first()?;
    let is_shared = |length: &usize| {
        let start = &first[..*length];
        words.iter().all(|word| word.starts_with(start))
    };
    let ends = first.char_indices().map(|(at, letter)| at + letter.len_utf8());
    let length = ends.take_while(is_shared).last().unwrap_or(0);
    Some(&first[..length])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Place, ViewSetting};

    fn of(typed: &str) -> Completion {
        complete(typed, &Views::default())
    }

    #[test]
    fn views_are_completed_by_their_names() {
        let named = |name: &str, filter: &str| {
            let place = Place { file: "c.toml".into(), line: 1 };
            ViewSetting { name: name.to_owned(), filter: filter.to_owned(), place }
        };
        let settings = [named("slow", "dur:>1s"), named("slow-posts", "@slow ~m POST")];
        let views = Views::new(&settings, jiff::Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(complete("", &views).words[..2], ["@slow", "@slow-posts"]);
        assert_eq!(complete("not (@sl", &views).text, "not (@slow");
        let found = complete("@slow-", &views);
        assert_eq!((found.text.as_str(), found.words.len()), ("@slow-posts", 1));
        assert_eq!(found.help.as_deref(), Some("@slow ~m POST"));
        assert_eq!(complete("@slow", &views).help.as_deref(), Some("dur:>1s"));
    }

    #[test]
    fn a_beginning_is_completed_as_far_as_it_is_clear() {
        for (typed, text) in [
            ("stat", "status:"),
            ("status:5xx re", "status:5xx re"),
            ("request-h", "request-header:"),
            ("not (bod", "not (body:"),
            ("!is:ru", "!is:running"),
            ("has:re", "has:re"),
            ("has:resp", "has:response"),
            ("status:", "status:"),
            ("nonsense", "nonsense"),
            ("\"a stat", "\"a stat"),
            ("日本", "日本"),
        ] {
            assert_eq!(of(typed).text, text, "{typed}");
        }
    }

    #[test]
    fn what_may_follow_is_told_with_the_help_of_its_operator() {
        let found = of("is:c");
        assert_eq!(found.words, ["is:complete", "is:cut"]);
        assert!(found.help.is_some());
        assert_eq!(of("dur:").help, Some("how long it took: us, ms, s, m, h".to_owned()));
        assert_eq!(of("dur:>1").words, Vec::<String>::new());
        assert!(of("~").words.contains(&"~bq".to_owned()));
        assert_eq!(of("").words.len(), 28);
        assert_eq!(of("zz:").help, None);
    }
}
