//! Any colour as one of those that a terminal has.

use ratatui::style::Color;

use crate::config::Depth;

/// Red, green, blue.
pub(super) type Colour = [u8; 3];

/// The steps of xterm's cube of 6×6×6 colours.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The sixteen as xterm has them; the user of a terminal may have chosen others.
const SIXTEEN: [Colour; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

/// One of 256 or of all, as a terminal of that depth shows it.
pub(super) fn shown(colour: Color, depth: Depth) -> Color {
    let parts = match colour {
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Indexed(number @ 16..) => parts(number),
        _ => return colour,
    };
    match depth {
        Depth::True => colour,
        Depth::Indexed if matches!(colour, Color::Indexed(_)) => colour,
        Depth::Indexed => Color::Indexed(indexed(parts)),
        Depth::Sixteen => Color::Indexed(sixteenth(parts)),
    }
}

/// What one of the 256 behind the sixteen is made of.
fn parts(number: u8) -> Colour {
    match number.saturating_sub(16) {
        cube @ ..216 => {
            [cube / 36, cube / 6 % 6, cube % 6].map(|it| STEPS[usize::from(it)])
        }
        grey => [8 + 10 * (grey - 216); 3],
    }
}

fn sixteenth(colour: Colour) -> u8 {
    let numbers = 0..SIXTEEN.len();
    let nearest = numbers.min_by_key(|number| distance(colour, SIXTEEN[*number]));
    nearest.unwrap_or_default() as u8
}

fn distance(one: Colour, other: Colour) -> u32 {
    let apart = |(one, other): (u8, u8)| u32::from(one.abs_diff(other)).pow(2);
    one.into_iter().zip(other).map(apart).sum()
}

/// The nearest of xterm's 256 colours: of its cube, or of its greys.
pub(super) fn indexed(colour: Colour) -> u8 {
    let nearest = |value: u8| {
        let distance = |step: &usize| STEPS[*step].abs_diff(value);
        (0..STEPS.len()).min_by_key(distance).unwrap_or_default()
    };
    let cube = colour.map(nearest);
    let average = colour.into_iter().map(u32::from).sum::<u32>() / 3;
    let grey = (average.saturating_sub(3) / 10).min(23);
    let shade = (8 + 10 * grey) as u8;
    if distance(colour, [shade; 3]) < distance(colour, cube.map(|step| STEPS[step])) {
        return (232 + grey) as u8;
    }
    let [red, green, blue] = cube;
    (16 + 36 * red + 6 * green + blue) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_become_the_nearest_of_256() {
        assert_eq!(indexed([0, 0, 0]), 16);
        assert_eq!(indexed([255, 255, 255]), 231);
        assert_eq!(indexed([255, 0, 0]), 196);
        assert_eq!(indexed([128, 128, 128]), 244);
        assert_eq!(indexed([90, 140, 215]), 16 + 36 + 12 + 4);
    }

    #[test]
    fn a_terminal_gets_no_colours_that_it_has_not() {
        let orange = Color::Rgb(255, 135, 0);
        let shown = |colour| {
            [Depth::True, Depth::Indexed, Depth::Sixteen]
                .map(|depth| shown(colour, depth))
        };
        assert_eq!(shown(orange), [orange, Color::Indexed(208), Color::Indexed(3)]);
        let grey = Color::Indexed(255);
        assert_eq!(shown(grey), [grey, grey, Color::Indexed(7)]);
        let red = Color::Indexed(9);
        assert_eq!(shown(red), [red; 3]);
        assert_eq!(
            (parts(16), parts(208), parts(231)),
            ([0; 3], [255, 135, 0], [255; 3])
        );
    }
}
