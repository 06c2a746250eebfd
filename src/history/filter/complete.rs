//! What a filter that is being typed may become, from the table of operators.

use super::operators::{self, OPERATORS, Operator, Value};

/// What may stand where a filter ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The filter with as much added to it as is clear.
    pub text: String,
    /// The words that its last one may become.
    pub words: Vec<String>,
    /// About the operator that the last word is of, where that is clear.
    pub help: Option<&'static str>,
}

/// Looks at the last word of a filter.
pub fn complete(text: &str) -> Completion {
    let start = last_word(text);
    let (before, word) = text.split_at(start);
    let operator = word.split_once(':').and_then(|(name, _)| operators::named(name));
    let words = match (word.split_once(':'), operator) {
        _ if text.matches('"').count() % 2 == 1 => Vec::new(),
        (Some((name, value)), Some(operator)) => values(operator, name, value),
        (Some(_), None) => Vec::new(),
        (None, _) => names(word),
    };
    let help = operator.or_else(|| match &words[..] {
        [only] => operators::named(only.strip_suffix(':')?),
        _ => None,
    });
    let clear = in_common(&words).unwrap_or(word);
    let text = format!("{before}{clear}");
    Completion { text, help: help.map(|operator| operator.help), words }
}

/// Where the last word begins: behind a space, a parenthesis or a negation.
fn last_word(text: &str) -> usize {
    let ends = |letter: char| letter.is_whitespace() || matches!(letter, '(' | '!');
    let last = text.char_indices().rev().find(|(_, letter)| ends(*letter));
    last.map_or(0, |(at, letter)| at + letter.len_utf8())
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
            assert_eq!(complete(typed).text, text, "{typed}");
        }
    }

    #[test]
    fn what_may_follow_is_told_with_the_help_of_its_operator() {
        let found = complete("is:c");
        assert_eq!(found.words, ["is:complete", "is:cut"]);
        assert!(found.help.is_some());
        assert_eq!(complete("dur:").help, Some("how long it took: us, ms, s, m, h"));
        assert_eq!(complete("dur:>1").words, Vec::<String>::new());
        assert!(complete("~").words.contains(&"~bq".to_owned()));
        assert_eq!(complete("").words.len(), 28);
        assert_eq!(complete("zz:").help, None);
    }
}
