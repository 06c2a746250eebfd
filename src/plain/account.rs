//! The account of a generation that `--explain-reload` asks for: which way was chosen and
//! why, which libraries were in memory, which were not and why, and what was learnt of
//! the surroundings in which they are imported. Each line begins with `rdev:`.

use std::fmt::Write;

use crate::exchange::{GenerationId, Group, Libraries, Making, Preload};
use crate::text;

/// Columns of a list of packages.
const WIDTH: usize = 72;

/// Which way was chosen, and why no faster one.
pub(super) fn way(making: &Making) -> String {
    making.lines().map(|text| line(1, &text)).collect()
}

/// What a generation found in memory, and what it did not.
pub(super) fn libraries(id: GenerationId, libraries: &Libraries) -> String {
    let (warm, all) = libraries.share();
    let mut lines = line(
        0,
        &format!("generation {id} had {warm} of {all} modules of libraries in memory"),
    );
    lines += &packages("in memory", &libraries.warm.by_package());
    lines += &reasons("not in memory", &libraries.fresh_by_package());
    lines + &surroundings(&libraries.warm)
}

/// What is in memory for the generations to come.
pub(super) fn preload(id: GenerationId, preload: &Preload) -> String {
    let modules = preload.modules.len();
    let mut lines = line(
        0,
        &format!(
            "{modules} modules that generation {id} loaded are in memory for the next"
        ),
    );
    lines += &packages("in memory", &preload.by_package());
    lines += &reasons("not in memory", &preload.left_out_by_package());
    lines + &surroundings(preload)
}

fn line(depth: usize, text: &str) -> String {
    format!("rdev:{:1$}{2}\n", "", 1 + 2 * depth, text::printable(text.as_bytes()))
}

/// Packages of which there is nothing more to be said, in lines of several.
fn packages(title: &str, groups: &[Group<'_>]) -> String {
    if groups.is_empty() {
        return String::new();
    }
    let mut lines = line(1, &format!("{title}, in the order of their import:"));
    let names: Vec<String> = groups.iter().map(named).collect();
    let joined = names.join(", ");
    for range in text::wrap(&joined, WIDTH) {
        lines += &line(2, joined[range].trim_end());
    }
    lines
}

/// Packages with what is to be said of each.
fn reasons(title: &str, groups: &[Group<'_>]) -> String {
    // Without reasons there is only the one that the way has already told.
    if groups.iter().all(|group| group.why.is_empty()) {
        return packages(title, groups);
    }
    let mut lines = line(1, &format!("{title}:"));
    for group in groups {
        lines += &line(2, &format!("{}: {}", named(group), group.why));
    }
    lines
}

fn named(group: &Group<'_>) -> String {
    let mut name = group.name.to_owned();
    if group.modules > 1 {
        let _infallible = write!(name, " ({} modules)", group.modules);
    }
    name
}

fn surroundings(preload: &Preload) -> String {
    let mut lines = String::new();
    for (module, change) in &preload.surroundings {
        lines += &line(1, &format!("{module} is imported after a change of {change}"));
    }
    lines
}
