//! How wide the columns of the list are, and which of them there is room for.

use super::super::column::Column;

/// The path gets at least so many columns before another column is shown, and more of
/// them before those are that have a higher rank.
const LEAST_PATH: [(u8, u16); 3] = [(4, 14), (7, 22), (9, 30)];
/// From this width of the path on, media types are not cut so short.
const AMPLE_PATH: u16 = 40;
const KIND: u16 = 7;
const AMPLE_KIND: u16 = 12;
/// The rank of what goes first when there is no room.
const LAST: u8 = 9;

/// A column as it is laid out.
struct Shape {
    column: Column,
    /// Above the column.
    title: &'static str,
    width: u16,
    /// Its rank among those that have to fit.
    rank: u8,
}

const fn shape(column: Column, title: &'static str, width: u16, rank: u8) -> Shape {
    Shape { column, title, width, rank }
}

/// From left to right; the path takes what the others leave.
const SHAPES: [Shape; 11] = [
    shape(Column::Number, "#", 4, 0),
    shape(Column::Generation, "gen", 3, 6),
    shape(Column::Time, "time", 8, 4),
    shape(Column::Source, "source", 6, 9),
    shape(Column::Method, "method", 7, 2),
    shape(Column::Path, "path", 0, 0),
    shape(Column::Status, "status", 6, 1),
    shape(Column::Kind, "type", KIND, 7),
    shape(Column::RequestSize, "sent", 6, 8),
    shape(Column::ResponseSize, "size", 6, 5),
    shape(Column::Duration, "took", 7, 3),
];

/// What stands above a column.
pub(in crate::tui) fn title(column: Column) -> &'static str {
    let shape = SHAPES.iter().find(|shape| shape.column == column);
    shape.map_or("", |shape| shape.title)
}

/// Whether what it tells ends where the column ends.
pub(super) fn is_right(column: Column) -> bool {
    matches!(
        column,
        Column::Number | Column::RequestSize | Column::ResponseSize | Column::Duration
    )
}

/// The columns that a width has room for with their widths, the most telling first. The
/// digits are those of the numbers of exchanges and of generations.
pub(super) fn fit(width: u16, (exchange, generation): (u16, u16)) -> Vec<(Column, u16)> {
    let wide = |shape: &Shape| match shape.column {
        Column::Number => shape.width.max(exchange),
        Column::Generation => shape.width.max(generation + 1),
        _ => shape.width,
    };
    // The gutter, and a gap before each column.
    let cost = |most: u8| -> u16 {
        let shown = SHAPES.iter().filter(|shape| shape.rank <= most);
        1 + shown.map(|shape| wide(shape) + 1).sum::<u16>()
    };
    let fits = |most: &u8| {
        let path = LEAST_PATH.iter().find(|(rank, _)| most <= rank);
        path.is_none_or(|(_, path)| cost(*most) + path <= width)
    };
    let most = (0..=LAST).rev().find(fits).unwrap_or(0);
    let path = width.saturating_sub(cost(most));
    let more = if path >= AMPLE_PATH { AMPLE_KIND - KIND } else { 0 };
    let shown = SHAPES.iter().filter(|shape| shape.rank <= most);
    shown
        .map(|shape| match shape.column {
            Column::Path => (shape.column, path - more),
            Column::Kind => (shape.column, shape.width + more),
            _ => (shape.column, wide(shape)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_go_one_by_one_and_the_path_takes_the_rest() {
        assert_eq!(fit(120, (1, 1)).len(), SHAPES.len());
        let mut before = 0;
        for width in 0..200 {
            let columns = fit(width, (3, 1));
            let total: u16 = 1 + columns.iter().map(|(_, width)| width + 1).sum::<u16>();
            assert!(total <= width.max(8), "{total} columns in {width}");
            assert!(columns.iter().any(|(column, _)| *column == Column::Number));
            assert!(columns.len() >= before);
            before = columns.len();
        }
        let narrow: Vec<Column> =
            fit(30, (1, 1)).iter().map(|(column, _)| *column).collect();
        assert_eq!(narrow, [Column::Number, Column::Path, Column::Status]);
    }
}
