//! A generation as a document: why it was made and how, what became of it, and which
//! libraries it found in memory.

use crate::exchange::{Fate, Generation, Group, Libraries, Preload, ReloadReason};
use crate::text;

use super::detail::{Document, Tone};
use super::state::Facts;
use super::tabs::{heading, origin, safe, traceback_lines};

type Lines = Vec<(Tone, String)>;

/// The account of a generation. `before` is the one that was made before it.
pub(super) fn account(
    generation: &Generation,
    before: Option<&Generation>,
    facts: &Facts,
) -> Document {
    let mut document = Document::default();
    document.begin_section();
    document.add(None, introduction(generation, before, facts));
    if let Fate::Failed(traceback) = &generation.fate {
        document.places.push((0, origin(traceback, &facts.root)));
        add(&mut document, traceback_lines(traceback), None);
    }
    add_files(&mut document, &generation.reason, facts);
    if let Some(libraries) = &generation.libraries {
        add_libraries(&mut document, libraries);
    }
    if let Some(preload) = &generation.preloaded {
        add_preload(&mut document, preload);
    }
    document
}

/// What the generation was made for, in a few words.
pub(super) fn reason(reason: &ReloadReason, facts: &Facts) -> String {
    match reason {
        ReloadReason::Start => "started".to_owned(),
        ReloadReason::Asked => "asked for".to_owned(),
        ReloadReason::Stuck => {
            "a request in the one before could not be ended".to_owned()
        }
        ReloadReason::Died(_) => "the one before died".to_owned(),
        ReloadReason::Changed(files) => {
            let name = |file: &std::path::PathBuf| text::path_below(file, &facts.root);
            match &files[..] {
                [] => "changed".to_owned(),
                [file] => format!("{} changed", name(file)),
                [one, other] => format!("{} and {} changed", name(one), name(other)),
                [one, ..] => {
                    format!("{} and {} more changed", name(one), files.len() - 1)
                }
            }
        }
    }
}

/// rdev's own words, behind `*` as in the transcript of an exchange.
fn introduction(
    generation: &Generation,
    before: Option<&Generation>,
    facts: &Facts,
) -> Lines {
    let time = generation.began.to_zoned(facts.zone.clone());
    let why = match &generation.reason {
        ReloadReason::Died(how) => format!("the one before {how}"),
        other => reason(other, facts),
    };
    let mut lines =
        vec![(Tone::Remark, format!("* {}, {why}", time.strftime("%H:%M:%S%.3f")))];
    let mut say = |tone, text: String| lines.push((tone, format!("* {text}")));
    if let Some(doubt) = before.and_then(|before| before.doubt.as_ref()) {
        say(Tone::Remark, format!("made in place of the one before: {doubt}"));
    }
    if let Some(making) = &generation.making {
        for line in making.lines() {
            say(Tone::Remark, line);
        }
        if making.unmet.is_some() {
            say(Tone::Remark, "--reload-mode wishes for another way".to_owned());
        }
    }
    let (tone, fate) = fate(generation);
    say(tone, fate);
    if let Some((_, pause)) = generation.held_back {
        let pause = text::duration(pause.as_secs_f64());
        say(Tone::Remark, format!("the next one was held back for {pause}"));
    }
    if let Some(doubt) = &generation.doubt {
        say(Tone::Remark, format!("another was made in its place: {doubt}"));
    }
    if let Some(libraries) = &generation.libraries {
        let (warm, all) = libraries.share();
        say(Tone::Remark, format!("{warm} of {all} modules of libraries were in memory"));
    }
    lines.into_iter().map(|(tone, line)| (tone, safe(line.as_bytes()))).collect()
}

fn fate(generation: &Generation) -> (Tone, String) {
    let elapsed = text::duration(generation.elapsed(generation.began).as_secs_f64());
    let ready = || {
        let took = generation.took.unwrap_or_default();
        let took = text::duration(took.as_secs_f64());
        format!("ready after {elapsed}; its import took {took}")
    };
    match &generation.fate {
        Fate::Importing => (Tone::Remark, "being imported".to_owned()),
        Fate::Ready => (Tone::Remark, ready()),
        Fate::Retired if generation.took.is_some() => {
            (Tone::Remark, format!("{}; its process has ended since", ready()))
        }
        Fate::Retired => (Tone::Remark, "its process has ended".to_owned()),
        Fate::Failed(_) => {
            (Tone::Fault, format!("could not be imported, after {elapsed}"))
        }
        Fate::Discarded => (Tone::Remark, format!("given up after {elapsed}")),
        Fate::Died(how) => (Tone::Fault, format!("its process died: {how}")),
    }
}

/// The files that have changed, where the first line does not name them all.
fn add_files(document: &mut Document, reason: &ReloadReason, facts: &Facts) {
    let ReloadReason::Changed(files) = reason else { return };
    if files.len() > 2 {
        let lines = files.iter().map(|file| text::path_below(file, &facts.root));
        let lines = lines.map(|file| (Tone::Plain, format!("  {file}"))).collect();
        add(document, lines, Some(format!("{} files changed", files.len())));
    }
}

fn add_libraries(document: &mut Document, libraries: &Libraries) {
    let (warm, all) = libraries.share();
    if all > warm {
        let title = format!("Not in memory: {}", modules(all - warm));
        add(document, groups(&libraries.fresh_by_package()), Some(title));
    }
    if warm > 0 {
        let title = format!("In memory: {}", modules(warm));
        add(document, groups(&libraries.warm.by_package()), Some(title));
    }
    add_surroundings(document, &libraries.warm);
}

fn add_preload(document: &mut Document, preload: &Preload) {
    let title =
        format!("In memory for the next generation: {}", modules(preload.modules.len()));
    add(document, groups(&preload.by_package()), Some(title));
    if !preload.left_out.is_empty() {
        let title = format!("And not: {}", modules(preload.left_out.len()));
        add(document, groups(&preload.left_out_by_package()), Some(title));
    }
    add_surroundings(document, preload);
}

fn add_surroundings(document: &mut Document, preload: &Preload) {
    let lines: Lines = preload
        .surroundings
        .iter()
        .map(|(module, change)| format!("  {change}, before {module} is imported"))
        .map(|line| (Tone::Plain, safe(line.as_bytes())))
        .collect();
    if !lines.is_empty() {
        add(document, lines, Some("What your code changes for imports".to_owned()));
    }
}

/// A section, apart from the one before.
fn add(document: &mut Document, lines: Lines, title: Option<String>) {
    document.begin_section();
    let before = match title {
        Some(title) => heading(&title),
        None => vec![(Tone::Plain, String::new())],
    };
    document.add(None, before);
    document.add(None, lines);
}

fn modules(count: usize) -> String {
    format!("{count} module{}", if count == 1 { "" } else { "s" })
}

/// Packages in the order of their import: one on each line where there is something to be
/// said of it, else all in one, which the pane breaks.
fn groups(groups: &[Group<'_>]) -> Lines {
    let named = |group: &Group<'_>| match group.modules {
        1 => group.name.to_owned(),
        count => format!("{} ({count})", group.name),
    };
    let safe = |line: String| (Tone::Plain, safe(line.as_bytes()));
    if groups.iter().all(|group| group.why.is_empty()) {
        let names: Vec<String> = groups.iter().map(named).collect();
        return vec![safe(names.join(", "))];
    }
    let line = |group| format!("  {}: {}", named(group), group.why);
    groups.iter().map(line).map(safe).collect()
}
