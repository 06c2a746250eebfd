//! A line that is asked for by a key: a comment, the name of a file, a command.

use crate::exchange::ExchangeId;

use super::command_line::CommandLine;
use super::detail::Side;

/// What is asked for, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Where to save a body.
    Save(ExchangeId, Side),
    /// What command a body goes through.
    Pipe(ExchangeId, Side),
    /// Where to save an exchange as an archive.
    Export(ExchangeId),
    /// What there is to say of an exchange.
    Comment(ExchangeId),
}

impl Question {
    /// In front of what is typed.
    pub(super) fn prompt(&self) -> String {
        let body = |side: &Side| match side {
            Side::Request => "request body",
            Side::Response => "response body",
        };
        match self {
            Self::Save(id, side) => format!("save {} of #{id} in ", body(side)),
            Self::Pipe(id, side) => format!("{} of #{id} | ", body(side)),
            Self::Comment(id) => format!("comment on #{id}: "),
            Self::Export(id) => format!("export #{id} as HAR to "),
        }
    }

    /// Which of the lines it has, since what was typed before is called back for one of
    /// its kind.
    fn kind(&self) -> usize {
        match self {
            Self::Save(..) => 0,
            Self::Pipe(..) => 1,
            Self::Export(_) => 2,
            Self::Comment(_) => 3,
        }
    }
}

/// The question that is open, and the lines of all of its kinds.
#[derive(Debug, Default)]
pub(super) struct Asking {
    question: Option<Question>,
    lines: [CommandLine; 4],
}

impl Asking {
    /// Asks, with an answer on the line already.
    pub(super) fn open(&mut self, question: Question, answer: &str) {
        self.lines[question.kind()].open(answer);
        self.question = Some(question);
    }

    /// What is asked, and the line with what is typed so far.
    pub(super) fn asked(&self) -> Option<(&Question, &CommandLine)> {
        let question = self.question.as_ref()?;
        let line = &self.lines[question.kind()];
        line.text().is_some().then_some((question, line))
    }

    /// The line that is typed.
    pub(super) fn line(&mut self) -> &mut CommandLine {
        let kind = self.question.as_ref().map_or(0, Question::kind);
        &mut self.lines[kind]
    }

    /// Takes the answer to act on it.
    pub(super) fn take(&mut self) -> Option<(Question, String)> {
        let question = self.question.take()?;
        let answer = self.lines[question.kind()].take();
        Some((question, answer))
    }
}
