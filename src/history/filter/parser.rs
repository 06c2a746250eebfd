//! From text to an expression.

use jiff::Timestamp;

use super::condition::{Condition, Expression};
use super::error::FilterError;
use super::operators::{self, Operator, Value};
use super::value::{self, Written};
use super::views::{self, Views};

/// Parentheses and `not` within each other: more than anybody types.
const MOST_DEPTH: usize = 50;
/// Conditions: fewer than the terms `SQLite` takes in one expression.
const MOST_CONDITIONS: usize = 200;

type Parsed<T> = Result<T, FilterError>;

/// Reads a filter; `None` where it is empty.
pub(super) fn parse(
    text: &str,
    views: &Views,
    now: Timestamp,
) -> Parsed<Option<Expression>> {
    let text: Vec<char> = text.chars().collect();
    let within = Vec::new();
    let mut parser =
        Parser { text: &text, at: 0, depth: 0, conditions: 0, views, within, now };
    parser.skip_space();
    if parser.is_at_end() { Ok(None) } else { parser.whole().map(Some) }
}

struct Parser<'a> {
    text: &'a [char],
    /// How many characters are behind.
    at: usize,
    depth: usize,
    conditions: usize,
    views: &'a Views,
    /// The views that this text is of, the outermost first.
    within: Vec<String>,
    now: Timestamp,
}

impl Parser<'_> {
    fn whole(&mut self) -> Parsed<Expression> {
        let expression = self.any()?;
        match self.peek() {
            None => Ok(expression),
            Some(_) => Err(self.error("this ) has no ( before it")),
        }
    }

    fn any(&mut self) -> Parsed<Expression> {
        let mut parts = vec![self.all()?];
        while self.takes_joint("or", '|') {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Expression::Any))
    }

    fn all(&mut self) -> Parsed<Expression> {
        let mut parts = vec![self.each()?];
        loop {
            let joined = self.takes_joint("and", '&');
            let over = self.peek().is_none_or(|next| next == ')') || self.sees("or", '|');
            if over && !joined {
                return Ok(one_or(parts, Expression::All));
            }
            parts.push(self.each()?);
        }
    }

    fn each(&mut self) -> Parsed<Expression> {
        self.skip_space();
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(self.error("too many parentheses or negations within each other"));
        }
        let expression = if self.takes_joint("not", '!') {
            Expression::Not(Box::new(self.each()?))
        } else if self.takes('(') {
            self.group()?
        } else {
            self.condition()?
        };
        self.depth -= 1;
        self.skip_space();
        Ok(expression)
    }

    fn group(&mut self) -> Parsed<Expression> {
        let open = self.at - 1;
        self.skip_space();
        let expression = self.any()?;
        if self.takes(')') {
            return Ok(expression);
        }
        Err(FilterError::at(open, "this ( is never closed"))
    }

    fn condition(&mut self) -> Parsed<Expression> {
        self.conditions += 1;
        if self.conditions > MOST_CONDITIONS {
            return Err(self.error("too many conditions"));
        }
        let begin = self.at;
        match self.peek() {
            Some('~') => return self.short_form(),
            Some('@') => return self.view(),
            None | Some(')' | '&' | '|') => {
                return Err(self.error("expected a condition"));
            }
            Some(_) if self.sees("or", '|') || self.sees("and", '&') => {
                return Err(self.error("expected a condition"));
            }
            Some(_) => {}
        }
        if let Some(operator) = self.operator()? {
            return self.value_of(operator);
        }
        let written = self.written(Slash::InPath)?;
        value::word(&written).map_err(|problem| FilterError::at(begin, problem))
    }

    /// The operator whose name and colon stand here, taken.
    fn operator(&mut self) -> Parsed<Option<&'static Operator>> {
        let rest = &self.text[self.at..];
        let is_part = |letter: &&char| letter.is_ascii_alphabetic() || **letter == '-';
        let length = rest.iter().take_while(is_part).count();
        if length == 0 || rest.get(length) != Some(&':') {
            return Ok(None);
        }
        let name: String = rest[..length].iter().collect::<String>().to_ascii_lowercase();
        if let Some(operator) = operators::named(&name) {
            self.at += length + 1;
            return Ok(Some(operator));
        }
        // An address is no misspelt operator.
        if rest[length + 1..].starts_with(&['/', '/']) {
            return Ok(None);
        }
        let meant = operators::like(&name);
        let meant =
            meant.map_or_else(String::new, |name| format!("; {name}: was meant?"));
        Err(self.error(format!(
            "there is no operator {name}:{meant} (in quotes it is a text to look for)"
        )))
    }

    /// What the filter of that name comes to.
    fn view(&mut self) -> Parsed<Expression> {
        let begin = self.at;
        let rest = &self.text[begin + 1..];
        let name: String = rest.iter().take_while(|it| views::is_part(**it)).collect();
        let Some(text) = self.views.get(&name) else {
            let listed = self.views.listed();
            let problem = format!(
                "there is no view @{name}; {listed} (in quotes it is a text to look for)"
            );
            return Err(FilterError::at(begin, problem));
        };
        if self.within.contains(&name) {
            return Err(FilterError::at(begin, format!("@{name} is within itself")));
        }
        self.at += 1 + name.chars().count();
        let text: Vec<char> = text.chars().collect();
        let mut within = self.within.clone();
        within.push(name.clone());
        let (depth, conditions) = (self.depth, self.conditions);
        let (views, now) = (self.views, self.now);
        let mut inner =
            Parser { text: &text, at: 0, depth, conditions, views, within, now };
        inner.skip_space();
        let expression = inner
            .whole()
            .map_err(|error| FilterError::at(begin, format!("@{name}: {error}")))?;
        self.conditions = inner.conditions;
        Ok(expression)
    }

    fn short_form(&mut self) -> Parsed<Expression> {
        let begin = self.at;
        self.at += 1;
        let letters =
            self.text[self.at..].iter().take_while(|next| next.is_ascii_lowercase());
        let name: String = letters.collect();
        let Some(operator) = operators::short(&name) else {
            return Err(FilterError::at(begin, format!("there is no operator ~{name}")));
        };
        self.at += name.len();
        if let Value::Nothing(flag) = operator.value {
            return Ok(Expression::Is(Condition::Flag(flag)));
        }
        self.skip_space();
        let begin = self.at;
        if self.is_at_end() || self.peek() == Some(')') {
            return Err(self.error(format!("expected what ~{name} is to look for")));
        }
        // As in mitmproxy, what is looked for in a text is a regular expression.
        let written = match self.written(Slash::InPath)? {
            Written::Bare(text) | Written::Quoted(text)
                if !matches!(operator.value, Value::Status) =>
            {
                Written::Regex(text)
            }
            written => written,
        };
        value::read(operator, &written, self.now)
            .map_err(|problem| FilterError::at(begin, problem))
    }

    fn value_of(&mut self, operator: &Operator) -> Parsed<Expression> {
        let begin = self.at;
        if self
            .peek()
            .is_none_or(|next| next.is_whitespace() || matches!(next, '(' | ')'))
        {
            let (written, example) = (operator.written(), operator.example);
            let problem =
                format!("expected a value right behind {written} as in {example}");
            return Err(self.error(problem));
        }
        if let Value::Header(side) = operator.value
            && self.peek() != Some('/')
        {
            return self.header(side);
        }
        let slash = match operator.value {
            Value::Path(_) => Slash::InPath,
            _ => Slash::Delimits,
        };
        let written = self.written(slash)?;
        value::read(operator, &written, self.now)
            .map_err(|problem| FilterError::at(begin, problem))
    }

    /// `name` or `name=value`.
    fn header(&mut self, side: super::condition::Side) -> Parsed<Expression> {
        let rest = &self.text[self.at..];
        let ends = |letter: &char| {
            letter.is_whitespace() || matches!(letter, '=' | '(' | ')' | '"' | '\'')
        };
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let name: String = rest[..length].iter().collect();
        if name.is_empty() {
            return Err(
                self.error("expected the name of a header, as in header:x-user=42")
            );
        }
        self.at += length;
        let mut value = None;
        if self.takes('=') {
            let begin = self.at;
            if self.peek().is_none_or(char::is_whitespace) {
                return Err(self.error(format!("expected what {name} contains")));
            }
            let written = self.written(Slash::Delimits)?;
            let regex = value::searched(&written);
            value = Some(regex.map_err(|problem| FilterError::at(begin, problem))?);
        }
        Ok(Expression::Is(Condition::Header { side, name: Some(name), value }))
    }

    /// A text in quotes, between slashes, or up to the next space or parenthesis.
    fn written(&mut self, slash: Slash) -> Parsed<Written> {
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote).map(Written::Quoted),
            Some('/') => Ok(self.between_slashes(slash).unwrap_or_else(|| self.bare())),
            _ => Ok(self.bare()),
        }
    }

    fn bare(&mut self) -> Written {
        let ends = |letter: &char| letter.is_whitespace() || matches!(letter, '(' | ')');
        let rest = &self.text[self.at..];
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        self.at += length;
        Written::Bare(rest[..length].iter().collect())
    }

    /// In which a backslash stands before a quote or a backslash that is meant.
    fn quoted(&mut self, quote: char) -> Parsed<String> {
        let begin = self.at;
        let mut text = String::new();
        self.at += 1;
        while let Some(mut letter) = self.peek() {
            self.at += 1;
            if letter == quote {
                if text.is_empty() {
                    return Err(FilterError::at(
                        begin,
                        "expected a text within the quotes",
                    ));
                }
                return Ok(text);
            }
            let next = self.peek();
            if letter == '\\'
                && let Some(escaped) = next.filter(|next| *next == quote || *next == '\\')
            {
                letter = escaped;
                self.at += 1;
            }
            text.push(letter);
        }
        Err(FilterError::at(begin, format!("this {quote} is never closed")))
    }

    /// A regular expression up to a slash with nothing more of the word behind it.
    fn between_slashes(&mut self, slash: Slash) -> Option<Written> {
        let rest = &self.text[self.at + 1..];
        let mut length = 0;
        loop {
            match *rest.get(length)? {
                '\\' => length += 1,
                '/' if ends_a_word(rest.get(length + 1)) => break,
                letter if slash == Slash::InPath && letter.is_whitespace() => {
                    return None;
                }
                _ => {}
            }
            length += 1;
        }
        let text: String = rest[..length].iter().collect();
        let plain = !text.contains(|letter| r"\^$|()[]{}*+?".contains(letter));
        if text.is_empty() || slash == Slash::InPath && plain {
            return None;
        }
        self.at += length + 2;
        Some(Written::Regex(text))
    }

    /// Whether a word, or the sign for it, stands here.
    fn sees(&self, word: &str, sign: char) -> bool {
        self.joint_length(word, sign).is_some()
    }

    fn takes_joint(&mut self, word: &str, sign: char) -> bool {
        let Some(length) = self.joint_length(word, sign) else { return false };
        self.at += length;
        self.skip_space();
        true
    }

    fn joint_length(&self, word: &str, sign: char) -> Option<usize> {
        let rest = &self.text[self.at..];
        if rest.first() == Some(&sign) {
            return Some(if rest.get(1) == Some(&sign) && sign != '!' { 2 } else { 1 });
        }
        let length = word.len();
        let found: String = rest.iter().take(length).collect();
        let apart =
            rest.get(length).is_none_or(|next| next.is_whitespace() || *next == '(');
        (found.eq_ignore_ascii_case(word) && apart).then_some(length)
    }

    fn takes(&mut self, sign: char) -> bool {
        let there = self.peek() == Some(sign);
        self.at += usize::from(there);
        there
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    fn error(&self, problem: impl Into<String>) -> FilterError {
        FilterError::at(self.at, problem)
    }
}

/// What a text that begins with a slash is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slash {
    /// A path, unless it ends with a slash too, has no space in it, and has a sign that
    /// paths do not have: `/api/` is a path, `/v\d+/` is none.
    InPath,
    /// A regular expression, if it ends with a slash too.
    Delimits,
}

fn ends_a_word(next: Option<&char>) -> bool {
    next.is_none_or(|next| next.is_whitespace() || *next == ')')
}

fn one_or(
    mut parts: Vec<Expression>,
    several: fn(Vec<Expression>) -> Expression,
) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            several(parts)
        }
    }
}
