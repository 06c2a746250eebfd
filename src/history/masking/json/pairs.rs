//! Objects that tell a name and a value apart, as forms and lists of headers are written:
//! `{"name": "password", "value": "…"}`, in either order.

use std::ops::Range;

use super::super::fields::is_secret;
use super::string::{end_of_string, inside, unescaped};

/// Members that name what an object holds.
const NAMES: [&str; 8] =
    ["name", "key", "field", "header", "parameter", "id", "type", "label"];
/// Members that hold it.
const VALUES: [&str; 4] = ["value", "values", "val", "content"];
/// Deeper ones are not looked at: nobody writes them but to do harm.
const DEEPEST: usize = 500;

/// The brackets that are open, and what was found in them.
#[derive(Default)]
pub(super) struct Pairs {
    open: Vec<Bracket>,
    /// How many are open beyond the deepest.
    beyond: usize,
    /// Values whose name came behind them.
    pub(super) secrets: Vec<Range<usize>>,
}

#[derive(Default)]
struct Bracket {
    /// Whether what it holds is named as a secret.
    is_secret: bool,
    /// Where the value begins whose end has not come yet.
    begun: Option<usize>,
    value: Option<Range<usize>>,
}

impl Pairs {
    /// Takes in what stands between two strings.
    pub(super) fn pass(&mut self, text: &[u8], gap: Range<usize>) {
        for at in gap {
            match text[at] {
                b'{' | b'[' if self.open.len() >= DEEPEST => self.beyond += 1,
                b'{' | b'[' => self.open.push(Bracket::default()),
                b'}' | b']' if self.beyond > 0 => self.beyond -= 1,
                b'}' | b']' => self.close(text, at),
                b',' if self.beyond == 0 => {
                    if let Some(bracket) = self.open.last_mut() {
                        bracket.end_value(text, at);
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether a member of that name holds a secret, by what was said before it.
    pub(super) fn is_secret(&self, member: &str) -> bool {
        let is_named = self.open.last().is_some_and(|bracket| bracket.is_secret);
        is_named && self.beyond == 0 && is_one_of(&VALUES, member)
    }

    /// Takes in a member whose value begins there.
    pub(super) fn member(&mut self, text: &[u8], name: &str, value: usize) {
        let Some(bracket) = self.open.last_mut().filter(|_| self.beyond == 0) else {
            return;
        };
        if is_one_of(&VALUES, name) {
            bracket.begun = Some(value);
        } else if is_one_of(&NAMES, name) && text.get(value) == Some(&b'"') {
            let string = value..end_of_string(text, value);
            let said = unescaped(&text[inside(text, &string)]);
            bracket.is_secret |= is_secret(&String::from_utf8_lossy(&said));
        }
    }

    fn close(&mut self, text: &[u8], at: usize) {
        let Some(mut bracket) = self.open.pop() else { return };
        bracket.end_value(text, at);
        self.secrets.extend(bracket.value.filter(|_| bracket.is_secret));
    }

    /// The text ends there, with whatever is open.
    pub(super) fn finish(&mut self, text: &[u8]) {
        while !self.open.is_empty() {
            self.close(text, text.len());
        }
    }
}

impl Bracket {
    fn end_value(&mut self, text: &[u8], at: usize) {
        if let Some(begin) = self.begun.take().filter(|begin| *begin < at) {
            self.value = Some(begin..begin + text[begin..at].trim_ascii_end().len());
        }
    }
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}
