//! The panes: which of them has the keys, and how they share the window.

use super::keymap::Action;
use super::layout::WIDE;

/// A pane, in the order in which the tab key visits them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pane {
    #[default]
    List,
    Detail,
    Output,
    /// In place of list and detail, and not on the way of the tab key.
    Traffic,
}

impl Pane {
    const ROUND: [Self; 3] = [Self::List, Self::Detail, Self::Output];

    /// The next one in the order of the tab key, or the one before.
    pub(super) fn neighbour(self, forward: bool) -> Self {
        let count = Self::ROUND.len();
        let step = if forward { 1 } else { count - 1 };
        let place = Self::ROUND.iter().position(|pane| *pane == self).unwrap_or(0);
        Self::ROUND[(place + step) % count]
    }
}

/// How list and detail share the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrangement {
    SideBySide,
    Stacked,
    /// Whichever of the two has the keys; the list where neither has.
    Alone,
}

/// Which pane has the keys, and what the user has chosen of their arrangement.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Panes {
    pub(super) focus: Pane,
    /// `None` until the user chooses: what the width suggests.
    chosen: Option<Arrangement>,
    /// The pane with the keys has the whole window.
    pub(super) zoomed: bool,
    /// Whether the window of the last frame was wide enough for two beside each other.
    pub(super) wide: bool,
}

impl Panes {
    /// What the user has chosen, or what suits a window that is wide enough for two beside
    /// each other, or is not.
    pub(super) fn arrangement(self, wide: bool) -> Arrangement {
        let suggested = if wide { Arrangement::SideBySide } else { Arrangement::Stacked };
        self.chosen.unwrap_or(suggested)
    }

    /// The same with the keys elsewhere.
    #[cfg(test)]
    pub(super) fn focused(self, focus: Pane) -> Self {
        Self { focus, ..self }
    }

    /// Does what a key asks for.
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::NextPane => self.focus = self.focus.neighbour(true),
            Action::PreviousPane => self.focus = self.focus.neighbour(false),
            Action::Show(pane) => self.focus = pane,
            Action::Zoom => self.zoomed = true,
            Action::Unzoom => self.zoomed = false,
            Action::Rearrange => self.rearrange(),
            _ => self.focus = Pane::Detail,
        }
    }

    /// Goes on from what suits the width over the other way to divide the window, the list
    /// alone and the detail alone to what suits the width again.
    pub(super) fn rearrange(&mut self) {
        self.zoomed = false;
        if self.focus == Pane::Traffic {
            self.focus = Pane::List;
        }
        self.chosen = match (self.chosen, self.focus) {
            (None, _) if self.wide => Some(Arrangement::Stacked),
            (None, _) => Some(Arrangement::SideBySide),
            (Some(Arrangement::SideBySide | Arrangement::Stacked), _) => {
                self.focus = Pane::List;
                Some(Arrangement::Alone)
            }
            (Some(Arrangement::Alone), Pane::List) => {
                self.focus = Pane::Detail;
                Some(Arrangement::Alone)
            }
            (Some(Arrangement::Alone), _) => None,
        };
    }

    /// How list and detail are arranged, for the user.
    pub(super) fn told(self) -> String {
        match (self.chosen, self.focus) {
            (None, _) => {
                format!(
                    "layout by the width: side by side from {WIDE} columns, else stacked"
                )
            }
            (Some(Arrangement::SideBySide), _) => "layout: side by side".to_owned(),
            (Some(Arrangement::Stacked), _) => "layout: stacked".to_owned(),
            (Some(Arrangement::Alone), Pane::Detail) => {
                "layout: the detail alone".to_owned()
            }
            (Some(Arrangement::Alone), _) => "layout: the list alone".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrangements_follow_the_width_until_one_is_chosen_and_when_they_came_round() {
        for (wide, other) in
            [(true, Arrangement::Stacked), (false, Arrangement::SideBySide)]
        {
            let mut panes = Panes { wide, ..Panes::default() };
            assert_eq!(panes.arrangement(true), Arrangement::SideBySide);
            assert_eq!(panes.arrangement(false), Arrangement::Stacked);
            let mut seen = Vec::new();
            for _ in 0..4 {
                panes.rearrange();
                seen.push((panes.arrangement(wide), panes.focus));
            }
            let suggested = Panes::default().arrangement(wide);
            let expected = [
                (other, Pane::List),
                (Arrangement::Alone, Pane::List),
                (Arrangement::Alone, Pane::Detail),
                (suggested, Pane::Detail),
            ];
            assert_eq!(seen, expected);
            assert_eq!(panes.arrangement(true), Arrangement::SideBySide);
            assert_eq!(panes.arrangement(false), Arrangement::Stacked);
        }
    }

    #[test]
    fn the_tab_key_comes_round_in_both_directions() {
        for forward in [true, false] {
            let round = (0..3).fold(Pane::List, |pane, _| pane.neighbour(forward));
            assert_eq!(round, Pane::List);
        }
        assert_eq!(Pane::List.neighbour(false), Pane::Output);
    }
}
