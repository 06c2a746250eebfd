//! Keys that the user has chosen: the names of actions, and what cannot be had.

use std::collections::HashMap;

use crate::config::KeySetting;

use super::super::panes::Pane;
use super::action::{Action, Context};
use super::chord::Chord;
use super::table::{Binding, TABLE};

/// What each action is called in a configuration file and on the command line.
pub(in crate::tui) const NAMES: &[(&str, Action)] = &[
    ("up", Action::Up),
    ("down", Action::Down),
    ("half-page-up", Action::HalfPageUp),
    ("half-page-down", Action::HalfPageDown),
    ("page-up", Action::PageUp),
    ("page-down", Action::PageDown),
    ("top", Action::Top),
    ("bottom", Action::Bottom),
    ("left", Action::Left),
    ("right", Action::Right),
    ("next-pane", Action::NextPane),
    ("previous-pane", Action::PreviousPane),
    ("show-list", Action::Show(Pane::List)),
    ("show-detail", Action::Show(Pane::Detail)),
    ("show-output", Action::Show(Pane::Output)),
    ("show-traffic", Action::Show(Pane::Traffic)),
    ("layout", Action::Rearrange),
    ("zoom", Action::Zoom),
    ("unzoom", Action::Unzoom),
    ("open", Action::Open),
    ("back", Action::Back),
    ("next-exchange", Action::NextExchange),
    ("previous-exchange", Action::PreviousExchange),
    ("next-reload", Action::NextReload),
    ("previous-reload", Action::PreviousReload),
    ("next-tab", Action::NextTab),
    ("previous-tab", Action::PreviousTab),
    ("open-source", Action::OpenSource),
    ("fold", Action::Fold),
    ("fold-all", Action::FoldAll),
    ("unfold-all", Action::UnfoldAll),
    ("body-view", Action::BodyView),
    ("reveal", Action::Reveal),
    ("next-section", Action::NextSection),
    ("previous-section", Action::PreviousSection),
    ("search", Action::Search),
    ("next-match", Action::NextMatch),
    ("previous-match", Action::PreviousMatch),
    ("end-search", Action::EndSearch),
    ("follow", Action::Follow),
    ("history", Action::History),
    ("resend", Action::Replay),
    ("end", Action::End),
    ("locate", Action::Locate),
    ("reload", Action::Reload),
    ("stream", Action::Stream),
    ("mouse", Action::Mouse),
    ("mark", Action::Mark),
    ("pin", Action::Pin),
    ("next-marked", Action::NextMarked),
    ("only-marked", Action::OnlyMarked),
    ("unmark-all", Action::UnmarkAll),
    ("comment", Action::Comment),
    ("save-body", Action::SaveBody),
    ("view", Action::View),
    ("pipe", Action::Pipe),
    ("export", Action::Export),
    ("copy", Action::CopyMenu),
    ("copy-again", Action::CopyAgain),
    ("sort", Action::Sort),
    ("filter", Action::Filter),
    ("toggle-filter", Action::ToggleFilter),
    ("views", Action::Views),
    ("clear", Action::Clear),
    ("undo", Action::Undo),
    ("command-line", Action::CommandLine),
    ("help", Action::Help),
    ("redraw", Action::Redraw),
    ("suspend", Action::Suspend),
    ("quit", Action::Quit),
];

/// Keys that a terminal cannot tell from another.
const SAME: [(&str, &str); 5] = [
    ("ctrl-i", "tab"),
    ("ctrl-m", "enter"),
    ("ctrl-j", "enter"),
    ("ctrl-h", "backspace"),
    ("ctrl-[", "esc"),
];

/// What an action is called.
pub(super) fn name(action: Action) -> Option<&'static str> {
    NAMES.iter().find(|(_, it)| *it == action).map(|(name, _)| *name)
}

/// The action of that name.
pub(super) fn action(name: &str) -> Option<Action> {
    NAMES.iter().find(|(it, _)| *it == name).map(|(_, action)| *action)
}

/// The keys of each action that has others than in the table; an error is one line that
/// names the place.
pub(super) fn chosen(settings: &[KeySetting]) -> Result<Vec<(Action, String)>, String> {
    settings.iter().map(chosen_one).collect()
}

fn chosen_one(setting: &KeySetting) -> Result<(Action, String), String> {
    let KeySetting { action, keys, place } = setting;
    let Some(found) = self::action(action) else {
        let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        return Err(format!("{place}: there is no action {action:?}; there are {names}"));
    };
    for key in keys {
        if let Some(problem) = problem(key) {
            return Err(format!("{place}: {action}: {problem}"));
        }
    }
    Ok((found, keys.join(" ")))
}

/// Why a key cannot be had.
fn problem(key: &str) -> Option<String> {
    if let Some((_, other)) = SAME.iter().find(|(name, _)| *name == key) {
        return Some(format!("a terminal sends {key} as {other}"));
    }
    let Some(chord) = Chord::parse(key).filter(|_| !key.contains(' ')) else {
        return Some(format!(
            "{key:?} is no key; keys are like j, G, ctrl-d, alt-1, shift-tab, space, f5"
        ));
    };
    if chord.digit().is_some() {
        return Some(format!("{key} is a digit, which counts"));
    }
    let letter = key.rsplit('-').next().unwrap_or_default();
    let is_letter = letter.len() == 1 && key.len() > 1;
    if is_letter && key.contains("shift-") {
        return Some(format!("{key} is written as the capital letter"));
    }
    if is_letter && key.contains("ctrl-") && letter != letter.to_lowercase() {
        return Some(format!("{key} cannot be told from that of the small letter"));
    }
    None
}

/// Says which two actions would have one key in one place, if any do.
pub(super) fn conflict(
    bindings: &[(String, &'static Binding)],
    settings: &[KeySetting],
) -> Option<String> {
    let mut seen: HashMap<(Context, Chord), Action> = HashMap::new();
    for (keys, binding) in bindings {
        for key in keys.split_whitespace() {
            let Some(chord) = Chord::parse(key) else { continue };
            for context in binding.contexts {
                let before = seen.insert((*context, chord), binding.action);
                if let Some(before) = before.filter(|it| *it != binding.action) {
                    return Some(told(key, (before, binding.action), *context, settings));
                }
            }
        }
    }
    None
}

/// Says so where no key would be left to leave the program with.
pub(super) fn no_way_out(
    bindings: &[(String, &'static Binding)],
    settings: &[KeySetting],
) -> Option<String> {
    let quits = |(keys, binding): &(String, &'static Binding)| {
        binding.action == Action::Quit && !keys.is_empty()
    };
    if bindings.iter().any(quits) {
        return None;
    }
    let quit = name(Action::Quit).unwrap_or_default();
    let place = settings.iter().rfind(|it| it.action == quit)?.place.to_string();
    Some(format!("{place}: {quit} needs a key; without one there is no way out"))
}

fn told(
    key: &str,
    (first, second): (Action, Action),
    context: Context,
    settings: &[KeySetting],
) -> String {
    let name = |action: Action| {
        let row = TABLE.iter().find(|row| row.action == action).map(|row| row.help);
        self::name(action).or(row).unwrap_or_default()
    };
    let setting = |action: Action| settings.iter().rfind(|it| it.action == name(action));
    let place = setting(second).or(setting(first)).map(|it| it.place.to_string());
    let place = place.unwrap_or_default();
    let (first, second) = (name(first), name(second));
    let context = context.name();
    format!("{place}: {key} is both {first} and {second} in the {context} pane")
}
