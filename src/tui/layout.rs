//! Where everything goes, as a function of the window's size and of what has the keys.

use ratatui::layout::Rect;

use super::panes::{Arrangement, Pane, Panes};
use super::state::State;

/// From this width on list and detail stand side by side unless the user wants otherwise,
/// and below the other not even if he does.
pub(super) const WIDE: u16 = 100;
const NARROW: u16 = 40;
/// From this width on the list beside the detail has all its columns, which take so many.
const AMPLE: u16 = 200;
const ALL_COLUMNS: u16 = 105;
/// Below this height only the pane with the keys is shown.
const STACK: u16 = 10;
/// Below this height of the list its columns have no titles.
const WITH_TITLES: u16 = 7;
/// Below this height the output has no pane unless it has the keys.
const WITH_OUTPUT: u16 = 14;

/// A pane: its heading and what is below. Empty where there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PaneRegion {
    pub(super) heading: Rect,
    pub(super) body: Rect,
}

/// The geometry of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Regions {
    pub(super) status: Rect,
    pub(super) list: PaneRegion,
    /// What the columns of the list are.
    pub(super) titles: Rect,
    /// The line between list and detail.
    pub(super) divide: Rect,
    pub(super) detail: PaneRegion,
    pub(super) output: PaneRegion,
    pub(super) traffic: PaneRegion,
    /// Charts above the body of the traffic.
    pub(super) charts: Rect,
    pub(super) hints: Rect,
    /// What a popup may take.
    pub(super) popup: Rect,
}

/// Divides the window.
pub fn layout(state: &State, area: Rect) -> Regions {
    let (status, rest) = take_top(area, 1);
    let hint_rows = u16::from(area.height >= 4);
    let (main, hints) = take_top(rest, rest.height - hint_rows.min(rest.height));
    let mut regions = Regions { status, hints, popup: main, ..Regions::default() };
    let (upper, output) = take_top(main, main.height - output_height(state.panes, main));
    regions.output = pane(output);
    if state.panes.focus == Pane::Traffic {
        regions.traffic = pane(upper);
        let body = regions.traffic.body;
        let height = charts_height(body);
        (regions.charts, regions.traffic.body) = take_top(body, height);
        return regions;
    }
    match arrangement(state.panes, upper) {
        Arrangement::SideBySide => side_by_side(&mut regions, upper),
        Arrangement::Stacked => {
            let (list, detail) = take_top(upper, upper.height / 3);
            regions.list = pane(list);
            regions.detail = pane(detail);
        }
        Arrangement::Alone => match state.panes.focus {
            Pane::Detail => regions.detail = pane(upper),
            _ => regions.list = pane(upper),
        },
    }
    let body = regions.list.body;
    if body.height >= WITH_TITLES {
        (regions.titles, regions.list.body) = take_top(body, 1);
    }
    regions
}

/// Whether list and detail stand side by side in a window of that width by themselves.
pub(super) fn is_wide(width: u16) -> bool {
    width >= WIDE
}

/// What is wanted of list and detail, as far as there is room for it.
fn arrangement(panes: Panes, upper: Rect) -> Arrangement {
    let wanted = panes.arrangement(is_wide(upper.width));
    let fits = match wanted {
        Arrangement::SideBySide => upper.height >= 3 && upper.width >= NARROW,
        Arrangement::Stacked => upper.height >= STACK,
        Arrangement::Alone => true,
    };
    if fits && !panes.zoomed { wanted } else { Arrangement::Alone }
}

fn side_by_side(regions: &mut Regions, upper: Rect) {
    // What the list does not need for its columns is better spent on text.
    let share = if upper.width >= 160 { 45 } else { 60 };
    let width = u32::from(upper.width) * share / 100;
    let width = u16::try_from(width).unwrap_or(upper.width);
    let wide = if upper.width >= AMPLE { width.max(ALL_COLUMNS) } else { width };
    let (list, rest) = take_left(upper, wide);
    let (divide, detail) = take_left(rest, 1);
    regions.list = pane(list);
    regions.divide = divide;
    regions.detail = pane(detail);
}

/// Three charts of a line and up to five rows, where the table has as much room.
fn charts_height(body: Rect) -> u16 {
    match body.height / 2 / 3 {
        0 | 1 => 0,
        each => each.min(6) * 3,
    }
}

fn output_height(panes: Panes, main: Rect) -> u16 {
    match panes.focus {
        Pane::Output if panes.zoomed || main.height < WITH_OUTPUT => main.height,
        Pane::Output => main.height / 2,
        _ if panes.zoomed || main.height < WITH_OUTPUT => 0,
        _ => (main.height / 5).clamp(4, 12),
    }
}

fn pane(area: Rect) -> PaneRegion {
    let (heading, body) = take_top(area, 1);
    PaneRegion { heading, body }
}

fn take_top(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let top = Rect { height: rows, ..area };
    (top, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

fn take_left(area: Rect, columns: u16) -> (Rect, Rect) {
    let columns = columns.min(area.width);
    let left = Rect { width: columns, ..area };
    (left, Rect { x: area.x + columns, width: area.width - columns, ..area })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::state::tests::empty;

    fn regions(focus: Pane, width: u16, height: u16) -> Regions {
        arranged(Panes::default().focused(focus), width, height)
    }

    fn arranged(panes: Panes, width: u16, height: u16) -> Regions {
        let mut state = empty();
        state.panes = panes;
        layout(&state, Rect::new(0, 0, width, height))
    }

    #[test]
    fn the_pane_with_the_keys_is_seen_in_any_window() {
        for (width, height) in [(20, 5), (80, 24), (100, 8), (120, 40), (300, 90)] {
            for mut panes in every_way() {
                let regions = arranged(panes, width, height);
                let region = match panes.focus {
                    Pane::List => regions.list,
                    Pane::Detail => regions.detail,
                    Pane::Output => regions.output,
                    Pane::Traffic => regions.traffic,
                };
                assert!(!region.body.is_empty(), "{panes:?} at {width}x{height}");
                panes.zoomed = true;
                let alone = arranged(panes, width, height);
                let (list, detail) = (alone.list.body, alone.detail.body);
                let others = [list, detail, alone.output.body, alone.traffic.body];
                let seen = others.iter().filter(|body| !body.is_empty()).count();
                assert_eq!(seen, 1, "{panes:?} at {width}x{height}");
            }
        }
    }

    /// Every arrangement with each pane in focus.
    fn every_way() -> Vec<Panes> {
        let mut ways = Vec::new();
        for focus in [Pane::List, Pane::Detail, Pane::Output, Pane::Traffic] {
            let mut panes = Panes::default();
            for _ in 0..5 {
                ways.push(panes.focused(focus));
                panes.rearrange();
            }
        }
        ways
    }

    #[test]
    fn regions_lie_within_the_window_and_apart() {
        for width in [0, 1, 2, 50, 99, 100, 160] {
            for height in 0..40 {
                for panes in every_way() {
                    assert_apart(&arranged(panes, width, height), width, height);
                }
            }
        }
    }

    fn assert_apart(found: &Regions, width: u16, height: u16) {
        let area = Rect::new(0, 0, width, height);
        let all = [
            found.status,
            found.hints,
            found.divide,
            found.list.heading,
            found.titles,
            found.list.body,
            found.detail.heading,
            found.detail.body,
            found.output.heading,
            found.output.body,
            found.traffic.heading,
            found.traffic.body,
            found.charts,
        ];
        for (index, one) in all.iter().enumerate() {
            assert_eq!(area.intersection(*one).area(), one.area());
            for other in &all[index + 1..] {
                assert!(one.intersection(*other).is_empty(), "{width}x{height}");
            }
        }
    }

    #[test]
    fn list_and_detail_stand_side_by_side_from_100_columns() {
        assert!(regions(Pane::List, 99, 24).divide.is_empty());
        assert!(!regions(Pane::List, 100, 24).divide.is_empty());
    }
}
