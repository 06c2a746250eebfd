//! How things look. Colours are the terminal's own sixteen, so that they fit its theme;
//! nothing is told by colour alone.

use ratatui::style::{Color, Modifier, Style};

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
    /// Where the next character is typed.
    pub cursor: Style,
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
}

impl Styles {
    /// For a terminal with colours, or for one whose user wants none (`NO_COLOR`).
    pub fn new(coloured: bool) -> Self {
        if coloured { Self::sixteen() } else { Self::colourless() }
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
            cursor: plain.add_modifier(Modifier::REVERSED),
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
            ..base
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_the_selection_is_still_seen() {
        let styles = Styles::new(false);
        assert!(styles.selected.add_modifier.contains(Modifier::REVERSED));
        assert_eq!(styles.selected.fg, None);
        assert_eq!(styles.server_error.fg, None);
        assert_eq!(styles.request.fg, None);
    }
}
