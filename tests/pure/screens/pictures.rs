//! Pictures in bodies.

use super::*;

/// A picture of so many pixels, red above and green below.
fn flag(width: u32, height: u32) -> Vec<u8> {
    let pixel = |_, y| {
        let (red, green) = if y < height / 2 { (255, 0) } else { (0, 255) };
        image::Rgb([red, green, 0])
    };
    let mut out = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(width, height, pixel);
    picture.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

#[test]
fn a_picture_is_drawn_below_its_facts_in_half_a_cell_for_each_pixel() {
    let flag = flag(300, 30);
    let mut app = App::ready(80, 30)
        .begins(&request("GET", "/flag.png"), Source::Client)
        .called()
        .responds(200, "image/png")
        .sends(&flag);
    assert!(app.state.wanted_picture().is_none(), "it is not whole yet");
    app = app.ends(Outcome::Complete).press("enter [ +");
    app = app.sees(&format!("[PNG, 300×30, {} B]", flag.len()));
    let decoding = app.state.wanted_picture().unwrap();
    assert!(app.state.wanted_picture().is_none(), "it is on its way");
    assert!(update(&mut app.state, decoding.finish()).is_empty());
    app = app.looks_like("picture_80x30");
    let pixels = |app: &mut App, upper: Color, lower: Color| {
        let is_one =
            |cell: &Cell| cell.symbol() == "▀" && cell.fg == upper && cell.bg == lower;
        runs(&app.frame(), is_one)
    };
    let (red, green) = (Color::Indexed(196), Color::Indexed(46));
    assert_eq!(pixels(&mut app, red, red), ["▀".repeat(160)]);
    assert_eq!(pixels(&mut app, green, green), ["▀".repeat(160)]);
    app.styles.depth = Depth::True;
    let red = Color::Rgb(255, 0, 0);
    assert_eq!(pixels(&mut app, red, red), ["▀".repeat(160)]);
    app = app.resized(40, 30).press("ctrl-l");
    assert_eq!(pixels(&mut app, red, red), ["▀".repeat(40)]);
    app.press("m m").sees("000000  89 50 4e 47 0d 0a 1a 0a");
}

#[test]
fn a_picture_that_the_terminal_shows_is_scrolled_cut_and_covered_as_text() {
    let mut app = App::new(80, 30);
    let mut facts = facts_with_keys(&[]);
    facts.pictures = Some(PictureProtocol::Kitty);
    app.state = State::new(facts, app.now);
    app.state.cell = Some((10, 20));
    app = app
        .begins(&request("GET", "/flag.png"), Source::Client)
        .called()
        .responds(200, "image/png")
        .sends(&flag(300, 200))
        .ends(Outcome::Complete)
        .press("enter [ +");
    let decoding = app.state.wanted_picture().unwrap();
    update(&mut app.state, decoding.finish());
    app = app.sees("▀▀▀▀");
    assert!(app.state.graphic().is_none(), "that it is made for the terminal takes time");
    let painting = app.state.wanted_picture().unwrap();
    assert!(app.state.wanted_picture().is_none(), "it is on its way");
    update(&mut app.state, painting.finish());
    let cells = |app: &mut App| {
        let is_one = |cell: &Cell| cell.symbol().starts_with('\u{10eeee}');
        let found = runs(&app.frame(), is_one);
        found.iter().map(|row| row.matches('\u{10eeee}').count()).sum::<usize>()
    };
    assert_eq!(cells(&mut app), 300);
    let graphic = app.state.graphic().unwrap();
    assert_eq!((graphic.columns, graphic.rows), (30, 10));
    assert!(app.state.wanted_picture().is_none(), "it is there");
    app = app.resized(80, 10);
    let cut = cells(&mut app);
    assert!(cut > 0 && cut < 300 && cut % 30 == 0, "{cut}");
    app = app.press("G");
    let rest = cells(&mut app);
    assert!(rest > cut && rest % 30 == 0, "{rest}");
    app = app.resized(80, 30).press("g ?");
    assert_eq!(cells(&mut app), 0);
    app = app.press("esc");
    assert_eq!(cells(&mut app), 300);
    // For fewer columns it is made anew, with blocks until then.
    app = app.resized(20, 30);
    assert_eq!(cells(&mut app), 0);
    let painting = app.state.wanted_picture().unwrap();
    update(&mut app.state, painting.finish());
    assert_eq!(cells(&mut app), 20 * 7);
    app = app.press("]");
    assert!(app.state.graphic().is_none());
}

#[test]
fn a_picture_that_claims_to_be_enormous_is_told_of_and_not_unpacked() {
    let mut bomb = flag(2, 2);
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let mut app = App::ready(80, 30)
        .begins(&request("GET", "/"), Source::Client)
        .responds(200, "image/png")
        .sends(&bomb)
        .ends(Outcome::Complete)
        .press("enter [");
    let decoding = app.state.wanted_picture().unwrap();
    assert!(update(&mut app.state, decoding.finish()).is_empty());
    app.sees("[PNG, 60000×60000, ")
        .sees("[it has too many pixels to be drawn]")
        .sees("000000  89 50 4e 47");
}
