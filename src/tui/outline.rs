//! What belongs together in a text that was laid out: the objects and arrays of JSON, which
//! of them are folded up, and the path to each line.
//!
//! Lines are counted from the beginning of the text. Nothing is kept for a value that has
//! one line, so that ten megabytes of numbers cost no more than their text.
//!
//! Invariant: containers ascend by their first line, and so do hidden lines, which are
//! apart from one another.

use std::ops::Range;

use super::line_index::LineIndex;

/// No container: that of what stands outermost.
const NONE: u32 = u32::MAX;

/// An object or an array that has more than one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Container {
    /// The lines of its brackets.
    open: u32,
    close: u32,
    /// The container that it is in, or [`NONE`].
    parent: u32,
    /// Which member or item of that it is, counted from 0.
    place: u32,
    /// How many members or items it has.
    count: u32,
}

/// Lines that are not seen, and how many such there are before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hidden {
    from: usize,
    until: usize,
    before: usize,
}

/// The containers of a text.
#[derive(Clone, Debug, Default)]
pub(super) struct Outline {
    containers: Vec<Container>,
    /// How many values stand outermost.
    values: u32,
    /// Which containers are folded up; empty where none ever was.
    folded: Vec<bool>,
    /// What follows from that.
    hidden: Vec<Hidden>,
}

/// Takes in the brackets of a text in their order.
#[derive(Debug, Default)]
pub(super) struct Builder {
    outline: Outline,
    /// Those that have begun.
    open: Vec<usize>,
}

fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(NONE - 1)
}

impl Builder {
    /// A bracket opens at the end of that line.
    pub(super) fn open(&mut self, line: usize) {
        let (parent, place) = match self.open.last() {
            Some(parent) => (short(*parent), self.outline.containers[*parent].count),
            None => (NONE, self.outline.values),
        };
        let open = short(line);
        self.open.push(self.outline.containers.len());
        let container = Container { open, close: open, parent, place, count: 0 };
        self.outline.containers.push(container);
    }

    /// A value has ended, and another follows.
    pub(super) fn next(&mut self) {
        match self.open.last() {
            Some(open) => self.outline.containers[*open].count += 1,
            None => self.outline.values += 1,
        }
    }

    /// The bracket that was opened last closes on that line.
    pub(super) fn close(&mut self, line: usize) {
        if let Some(open) = self.open.pop() {
            let container = &mut self.outline.containers[open];
            (container.close, container.count) = (short(line), container.count + 1);
        }
    }

    /// The outline of a text in which each line ended where the index has it.
    pub(super) fn finish(self, index: &LineIndex) -> Outline {
        let mut outline = self.outline;
        outline.values += 1;
        for container in &mut outline.containers {
            for line in [&mut container.open, &mut container.close] {
                *line = short(index.line_behind(*line as usize));
            }
        }
        outline
    }
}

/// What a line stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Which member or item it is of what it is in, counted from 0.
    pub(super) place: usize,
    /// The line it begins on.
    pub(super) line: usize,
}

impl Outline {
    /// Takes over what was folded up in a text that has the same containers.
    pub(super) fn take_over(&mut self, before: Self) {
        if before.containers == self.containers {
            (self.folded, self.hidden) = (before.folded, before.hidden);
        }
    }

    /// How many members or items are not seen of the container that begins on that line.
    pub(super) fn folded_at(&self, line: usize) -> Option<usize> {
        let found = self.beginning_at(line)?;
        let is_folded = self.folded.get(found) == Some(&true);
        is_folded.then_some(self.containers[found].count as usize)
    }

    /// Folds up the container that a line belongs to, or unfolds the one that begins on
    /// it. Returns the line on which that begins; none where there is no container.
    pub(super) fn toggle(&mut self, line: usize) -> Option<usize> {
        let found = self.innermost(line)?;
        self.folded.resize(self.containers.len(), false);
        self.folded[found] = !self.folded[found];
        self.settle();
        Some(self.containers[found].open as usize)
    }

    /// Leaves so many levels to be seen; all of them where that is `None`. Several values
    /// that stand outermost are a level themselves.
    pub(super) fn fold_to(&mut self, levels: Option<usize>) {
        self.folded.clear();
        if let Some(levels) = levels {
            let mut depths: Vec<usize> = Vec::with_capacity(self.containers.len());
            for container in &self.containers {
                let outermost = usize::from(self.values > 1);
                let around = depths.get(container.parent as usize);
                depths.push(around.map_or(outermost, |depth| depth + 1));
            }
            self.folded.extend(depths.into_iter().map(|depth| depth >= levels));
        }
        self.settle();
    }

    /// Unfolds whatever hides that line.
    pub(super) fn reveal(&mut self, line: usize) {
        if self.hides(line).is_none() {
            return;
        }
        let mut at = self.innermost(line);
        while let Some(found) = at {
            let container = self.containers[found];
            if container.open as usize != line {
                self.folded[found] = false;
            }
            at = self.around(found);
        }
        self.settle();
    }

    /// Finds anew what is not seen.
    fn settle(&mut self) {
        self.hidden.clear();
        let (mut before, mut until) = (0, 0);
        for (container, folded) in self.containers.iter().zip(&self.folded) {
            let from = container.open as usize + 1;
            if *folded && from > until {
                until = container.close as usize + 1;
                self.hidden.push(Hidden { from, until, before });
                before += until - from;
            }
        }
    }

    /// The lines that are hidden where that one is.
    pub(super) fn hides(&self, line: usize) -> Option<Range<usize>> {
        let place = self.hidden.partition_point(|hidden| hidden.until <= line);
        let found = self.hidden.get(place).filter(|hidden| hidden.from <= line)?;
        Some(found.from..found.until)
    }

    /// The first hidden line from that one on.
    pub(super) fn next_hidden(&self, line: usize) -> Option<usize> {
        let place = self.hidden.partition_point(|hidden| hidden.from < line);
        self.hidden.get(place).map(|hidden| hidden.from)
    }

    /// How many lines are seen before that one, which is seen itself.
    pub(super) fn seen_before(&self, line: usize) -> usize {
        let place = self.hidden.partition_point(|hidden| hidden.from <= line);
        let hidden = place.checked_sub(1).map(|place| self.hidden[place]);
        line - hidden.map_or(0, |it| it.before + it.until - it.from)
    }

    /// The line that is seen behind so many.
    pub(super) fn line_behind(&self, seen: usize) -> usize {
        let place = self.hidden.partition_point(|it| it.from - it.before <= seen);
        let hidden = place.checked_sub(1).map(|place| self.hidden[place]);
        seen + hidden.map_or(0, |it| it.before + it.until - it.from)
    }

    /// The way to the value that a line belongs to, from the innermost step outwards; the
    /// last one tells which of the outermost values it is in.
    pub(super) fn steps<'a>(
        &'a self,
        line: usize,
        index: &'a LineIndex,
    ) -> impl Iterator<Item = Step> + 'a {
        let mut around = self.innermost(line);
        let mut own = None;
        let is_edge = |container: Container| {
            container.open as usize == line || container.close as usize == line
        };
        if !around.is_some_and(|found| is_edge(self.containers[found])) {
            let ends = index.ends_before(line);
            let before = self.last_before(line, around);
            let place = match (before, around.map(|found| self.containers[found])) {
                (Some(before), _) => {
                    let passed = ends - index.ends_before(before.close as usize);
                    before.place as usize + passed
                }
                (None, Some(around)) => {
                    ends - index.ends_before(around.open as usize) - 1
                }
                (None, None) => ends,
            };
            own = Some(Step { place, line: index.line_behind(ends) });
        }
        own.into_iter().chain(std::iter::from_fn(move || {
            let found = self.containers[around?];
            around = self.around(around?);
            Some(Step { place: found.place as usize, line: found.open as usize })
        }))
    }

    /// The last container before a line that is in the same one.
    fn last_before(&self, line: usize, around: Option<usize>) -> Option<Container> {
        let mut at = self.begun(line)?;
        while Some(at) != around {
            let parent = self.around(at);
            if parent == around {
                return Some(self.containers[at]);
            }
            at = parent?;
        }
        None
    }

    /// The last container that begins on that line or before.
    fn begun(&self, line: usize) -> Option<usize> {
        self.containers.partition_point(|it| it.open as usize <= line).checked_sub(1)
    }

    fn beginning_at(&self, line: usize) -> Option<usize> {
        self.begun(line).filter(|found| self.containers[*found].open as usize == line)
    }

    /// The innermost container that has that line.
    fn innermost(&self, line: usize) -> Option<usize> {
        let mut at = self.begun(line)?;
        while (self.containers[at].close as usize) < line {
            at = self.around(at)?;
        }
        Some(at)
    }

    fn around(&self, container: usize) -> Option<usize> {
        let parent = self.containers[container].parent;
        (parent != NONE).then_some(parent as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tabs::{Values, laid_out};
    use super::*;

    fn outline(text: &str) -> (Outline, LineIndex) {
        let laid_out = laid_out(text.as_bytes(), Values::One).unwrap();
        let mut index = LineIndex::default();
        index.extend(&laid_out.text);
        (laid_out.outline.finish(&index), index)
    }

    /// The numbers of the lines that are seen.
    fn seen(outline: &Outline, index: &LineIndex) -> Vec<usize> {
        (0..index.len()).filter(|line| outline.hides(*line).is_none()).collect()
    }

    const TEXT: &str = r#"{"a": 1, "b": [2, {"c": 3}, 4, []], "d": {"e": {"f": 5}}}"#;
    // 0 {           4     {         8   ],        12     }
    // 1   "a": 1,   5       "c": 3  9   "d": {    13   }
    // 2   "b": [    6     },       10     "e": {  14 }
    // 3     2,      7     4, (8 [])

    #[test]
    fn a_container_is_folded_from_any_of_its_lines_and_unfolded_from_its_first() {
        let (mut outline, index) = outline(TEXT);
        let all = seen(&outline, &index);
        assert_eq!(outline.toggle(5), Some(4));
        assert_eq!(outline.folded_at(4), Some(1));
        assert_eq!(outline.hides(6), Some(5..7));
        assert_eq!(outline.toggle(3), Some(2));
        assert_eq!(outline.folded_at(2), Some(4));
        assert_eq!(seen(&outline, &index), [0, 1, 2, 10, 11, 12, 13, 14, 15]);
        assert_eq!(outline.toggle(2), Some(2));
        assert_eq!(outline.folded_at(4), Some(1), "the inner one stays as it was");
        outline.reveal(5);
        assert_eq!(seen(&outline, &index), all);
        assert_eq!(outline.toggle(1), Some(0));
        assert_eq!(seen(&outline, &index), [0]);
    }

    #[test]
    fn levels_are_folded_at_once_and_what_is_hidden_can_be_revealed() {
        let (mut outline, index) = outline(TEXT);
        outline.fold_to(Some(1));
        assert_eq!(seen(&outline, &index), [0, 1, 2, 10, 15]);
        outline.fold_to(Some(2));
        assert_eq!(seen(&outline, &index), [0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 14, 15]);
        outline.fold_to(Some(1));
        outline.reveal(12);
        assert_eq!(seen(&outline, &index), [0, 1, 2, 10, 11, 12, 13, 14, 15]);
        outline.fold_to(None);
        assert_eq!(seen(&outline, &index).len(), index.len());
    }

    #[test]
    fn lines_that_are_seen_are_counted_in_both_directions() {
        for levels in [Some(0), Some(1), Some(2), None] {
            let (mut outline, index) = outline(TEXT);
            outline.fold_to(levels);
            let seen = seen(&outline, &index);
            for (number, line) in seen.into_iter().enumerate() {
                assert_eq!(outline.seen_before(line), number);
                assert_eq!(outline.line_behind(number), line);
            }
        }
    }

    #[test]
    fn the_way_to_a_value_is_told_by_the_places_of_what_it_is_in() {
        let long = "x".repeat(5000);
        let text = TEXT.replace("\"a\": 1", &format!("\"a\": \"{long}\""));
        for (text, shift) in [(TEXT, 0), (text.as_str(), 1)] {
            let (outline, index) = outline(text);
            let places = |line: usize| -> Vec<usize> {
                let line = if line > 1 { line + shift } else { line };
                outline.steps(line, &index).map(|step| step.place).collect()
            };
            assert_eq!(places(0), [0]);
            assert_eq!(places(1), [0, 0]);
            assert_eq!(places(2), [1, 0]);
            assert_eq!(places(3), [0, 1, 0]);
            assert_eq!(places(5), [0, 1, 1, 0]);
            assert_eq!(places(6), [1, 1, 0]);
            assert_eq!(places(7), [2, 1, 0]);
            assert_eq!(places(8), [3, 1, 0]);
            assert_eq!(places(9), [1, 0]);
            assert_eq!(places(12), [0, 0, 2, 0]);
            assert_eq!(places(15), [0]);
        }
        let (outline, index) = outline("7");
        assert_eq!(outline.steps(0, &index).count(), 1);
    }
}
