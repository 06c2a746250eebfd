//! The help of the commands, where it tells what other parts know.

use std::ffi::OsString;

use _rdev::config::{Invocation, Surroundings, from_command_line};
use _rdev::history::filter;

fn help(line: &str) -> String {
    let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
    match from_command_line(words, &Surroundings::of_this_process().unwrap()) {
        Ok(Invocation::Help(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_help_of_the_history_has_every_operator() {
    let text = help("rdev history --help");
    assert!(text.contains(&filter::help()), "{text}\n{}", filter::help());
    assert!(text.lines().all(|line| line.chars().count() <= 84), "{text}");
}

#[test]
fn the_readme_has_every_operator() {
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&filter::help()), "{}", filter::help());
}
