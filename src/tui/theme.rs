//! How things look. Colours are the terminal's own sixteen, so that they fit its theme,
//! unless another was chosen; nothing is told by colour alone.

use crate::config::{Depth, Theme};

use ratatui::style::{Color, Modifier, Style};

use super::colours::{self, Colour, indexed};

/// A style for each meaning.
#[derive(Clone, Debug)]
pub struct Styles {
    /// What matters less.
    pub faint: Style,
    /// What matters more.
    pub strong: Style,
    /// The heading of a pane, and of the one that has the keys.
    pub heading: Style,
    pub heading_focused: Style,
    /// The selected row, and when another pane has the keys.
    pub selected: Style,
    pub selected_unfocused: Style,
    /// Text that gives way to what is typed next.
    pub replaced: Style,
    /// What was searched for, and of that what one has gone to.
    pub matched: Style,
    pub matched_here: Style,
    /// By class of status: 2xx, 3xx, 4xx, 5xx.
    pub success: Style,
    pub redirect: Style,
    pub client_error: Style,
    pub server_error: Style,
    /// What is not there yet.
    pub pending: Style,
    /// The `>` and `<` of transcripts.
    pub request: Style,
    pub response: Style,
    /// In bodies: text in quotes, numbers, words of a language.
    pub quoted: Style,
    pub number: Style,
    pub keyword: Style,
    /// How many colours the terminal has, for those that are not of a theme: pictures have
    /// 256 at least, what the application prints none where there is no theme.
    pub depth: Depth,
    pub has_colours: bool,
}

impl Styles {
    /// Those of a theme, or for a user who wants no colours (`NO_COLOR`).
    pub fn new(theme: Option<Theme>) -> Self {
        let styles = match theme {
            None => Self::colourless(),
            Some(Theme::Terminal) => Self::sixteen(),
            Some(Theme::Dark) => Self::shaded(&DARK),
            Some(Theme::Light) => Self::shaded(&LIGHT),
            Some(Theme::ColourBlind) => Self::blue_and_orange(),
        };
        Self { has_colours: theme.is_some(), ..styles }
    }

    /// The colour of a pixel, as the terminal can show it.
    pub(super) fn pixel(&self, colour: Colour) -> Color {
        let [red, green, blue] = colour;
        if self.depth == Depth::True {
            Color::Rgb(red, green, blue)
        } else {
            Color::Indexed(indexed(colour))
        }
    }

    /// The look that an application chose, as the terminal can show it. Where text and
    /// ground would be one it is left in the terminal's own, for nothing is to be hidden.
    pub(super) fn printed(&self, look: Style) -> Style {
        let shown =
            |colour: Color| self.has_colours.then(|| colours::shown(colour, self.depth));
        let (fg, bg) = (look.fg.and_then(shown), look.bg.and_then(shown));
        let is_seen = fg.is_none() || fg != bg;
        let [fg, bg] = [fg, bg].map(|colour| colour.filter(|_| is_seen));
        Style { fg, bg, ..look }
    }

    fn colourless() -> Self {
        let plain = Style::new();
        let strong = plain.add_modifier(Modifier::BOLD);
        Self {
            faint: plain.add_modifier(Modifier::DIM),
            strong,
            heading: plain.add_modifier(Modifier::UNDERLINED),
            heading_focused: plain.add_modifier(Modifier::REVERSED),
            selected: plain
                .add_modifier(Modifier::REVERSED)
                .remove_modifier(Modifier::DIM),
            selected_unfocused: strong.remove_modifier(Modifier::DIM),
            replaced: plain.add_modifier(Modifier::REVERSED),
            matched: plain.add_modifier(Modifier::UNDERLINED | Modifier::BOLD),
            matched_here: plain
                .add_modifier(Modifier::REVERSED | Modifier::BOLD | Modifier::UNDERLINED),
            success: plain,
            redirect: plain,
            client_error: strong,
            server_error: strong,
            pending: plain,
            request: plain,
            response: plain,
            quoted: plain,
            number: plain,
            keyword: strong,
            depth: Depth::Sixteen,
            has_colours: false,
        }
    }

    /// For a background that is known to be dark, or light.
    fn shaded(shades: &Shades) -> Self {
        let colour = |number| Style::new().fg(Color::Indexed(number));
        let behind = |number| Style::new().bg(Color::Indexed(number));
        let bold = Modifier::BOLD;
        let (on, here) = shades.lit;
        let [success, redirect, client_error, server_error] = shades.statuses;
        Self {
            faint: colour(shades.faint),
            heading: behind(shades.heading),
            heading_focused: colour(231).bg(Color::Indexed(25)).add_modifier(bold),
            selected: behind(shades.selected).add_modifier(bold),
            selected_unfocused: behind(shades.heading),
            matched: colour(16).bg(Color::Indexed(on)),
            matched_here: colour(16).bg(Color::Indexed(here)).add_modifier(bold),
            success: colour(success),
            redirect: colour(redirect),
            client_error: colour(client_error),
            server_error: colour(server_error).add_modifier(bold),
            pending: colour(shades.pending),
            request: colour(redirect),
            response: colour(success),
            quoted: colour(success),
            number: colour(client_error),
            keyword: colour(shades.pending),
            ..Self::colourless()
        }
    }

    /// Blue for what is well and orange for what is not, of a brightness between the
    /// backgrounds: after Okabe and Ito, "Color Universal Design".
    fn blue_and_orange() -> Self {
        let colour = |number| Style::new().fg(Color::Indexed(number));
        let lit = |number| Style::new().fg(Color::Indexed(16)).bg(Color::Indexed(number));
        let plain = Modifier::REVERSED | Modifier::DIM;
        Self {
            matched: lit(74).remove_modifier(plain),
            matched_here: lit(214).add_modifier(Modifier::BOLD).remove_modifier(plain),
            success: colour(32),
            redirect: colour(74),
            client_error: colour(172),
            server_error: colour(166).add_modifier(Modifier::BOLD),
            pending: colour(175),
            request: colour(32),
            response: colour(172),
            quoted: colour(74),
            number: colour(172),
            keyword: colour(175),
            ..Self::colourless()
        }
    }

    fn sixteen() -> Self {
        let colour = |colour| Style::new().fg(colour);
        let base = Self::colourless();
        Self {
            matched: colour(Color::Black)
                .bg(Color::Yellow)
                .remove_modifier(Modifier::REVERSED | Modifier::DIM),
            matched_here: colour(Color::Black)
                .bg(Color::Magenta)
                .add_modifier(Modifier::BOLD)
                .remove_modifier(Modifier::REVERSED | Modifier::DIM),
            success: colour(Color::Green),
            redirect: colour(Color::Cyan),
            client_error: colour(Color::Yellow),
            server_error: colour(Color::Red).add_modifier(Modifier::BOLD),
            pending: colour(Color::Magenta),
            request: colour(Color::Cyan),
            response: colour(Color::Green),
            quoted: colour(Color::Green),
            number: colour(Color::Yellow),
            keyword: colour(Color::Magenta),
            ..base
        }
    }
}

/// Colours by their numbers among xterm's 256.
struct Shades {
    faint: u8,
    /// Behind headings, and behind a selection that has not the keys.
    heading: u8,
    selected: u8,
    /// Behind what was found, and behind the match that one is at.
    lit: (u8, u8),
    /// By class: 2xx, 3xx, 4xx, 5xx.
    statuses: [u8; 4],
    pending: u8,
}

const DARK: Shades = Shades {
    faint: 245,
    heading: 236,
    selected: 239,
    lit: (221, 208),
    statuses: [114, 80, 221, 203],
    pending: 176,
};

const LIGHT: Shades = Shades {
    faint: 243,
    heading: 254,
    selected: 252,
    lit: (229, 215),
    statuses: [28, 30, 130, 160],
    pending: 90,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_the_selection_is_still_seen() {
        let styles = Styles::new(None);
        assert!(styles.selected.add_modifier.contains(Modifier::REVERSED));
        assert_eq!(styles.selected.fg, None);
        assert_eq!(styles.server_error.fg, None);
        assert_eq!(styles.request.fg, None);
    }

    #[test]
    fn in_every_theme_selections_and_failures_are_told_apart() {
        for theme in [Theme::Terminal, Theme::Dark, Theme::Light, Theme::ColourBlind] {
            let styles = Styles::new(Some(theme));
            let statuses = [
                styles.success,
                styles.redirect,
                styles.client_error,
                styles.server_error,
            ];
            for (place, style) in statuses.iter().enumerate() {
                assert!(style.fg.is_some(), "{theme}");
                assert!(statuses[..place].iter().all(|other| other.fg != style.fg));
            }
            for style in [styles.selected, styles.matched, styles.matched_here] {
                let reversed = style.add_modifier.contains(Modifier::REVERSED);
                assert!(reversed || style.bg.is_some(), "{theme}");
            }
            assert_ne!(styles.matched.bg, styles.matched_here.bg, "{theme}");
        }
    }
}
