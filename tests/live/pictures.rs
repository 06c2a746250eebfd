//! Pictures that the terminal itself shows: what it is sent for them, and what it is told
//! once they are not to be seen any more.

use std::io::Cursor;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::{ImageFormat, Rgba, RgbaImage};

use crate::client::get;
use crate::dashboard::{Dashboard, seen_port};
use crate::folder::Folder;
use crate::patience::until;
use crate::rdev::{Launch, rdev};
use crate::terminal::Terminal;

const APP: &str = r#"
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "image/png")])
    with open(environ["PATH_INFO"].strip("/"), "rb") as file:
        return [file.read()]
"#;

/// The dashboard with the response of a picture of 40 to 35 pixels, in a terminal that is
/// told by these variables; its cells are of 10 to 20 pixels.
fn shown(variables: &[(&str, &str)]) -> Dashboard {
    let folder = Folder::empty();
    folder.save("flags.py", APP);
    let mut png = Cursor::new(Vec::new());
    let flag = RgbaImage::from_pixel(40, 35, Rgba([200, 30, 40, 255]));
    flag.write_to(&mut png, ImageFormat::Png).unwrap();
    std::fs::write(folder.path().join("flag.png"), png.into_inner()).unwrap();
    let launch = rdev(folder.path()).args(["flags:app", "--port", "0"]);
    let set = |launch: Launch, (name, value): &(&str, &str)| launch.env(name, value);
    let terminal = variables.iter().fold(launch, set).in_terminal(120, 40);
    let port = seen_port(&terminal);
    terminal.sees(["gen 1 ✓"]);
    get(port, "/flag.png").expect(200);
    terminal.sees_row(["GET", "/flag.png", "✓ 200"]);
    terminal.press("enter [").sees(["[PNG, 40×35, "]);
    Dashboard { terminal, port, folder }
}

/// What was written from that byte on, once these texts are in it, in this order.
#[track_caller]
fn written(terminal: &Terminal, from: usize, texts: &[&str]) -> String {
    until(&format!("{texts:?} to be written"), || {
        let written = String::from_utf8_lossy(&terminal.written()[from..]).into_owned();
        let mut rest = &*written;
        for text in texts {
            rest = rest.split_once(text)?.1;
        }
        Some(written)
    })
}

/// How many cells of pictures there are in each row that has some.
fn placeholders(terminal: &Terminal) -> Vec<usize> {
    let text = terminal.text();
    let counts = text.lines().map(|row| row.matches('\u{10eeee}').count());
    counts.filter(|count| *count > 0).collect()
}

#[test]
fn kitty_keeps_a_picture_while_its_tab_is_seen() {
    let at = shown(&[("TERM", "xterm-kitty")]);
    let sent = written(&at.terminal, 0, &["\x1b_Ga=T,", "\x1b\\"]);
    let command =
        sent.split_once("\x1b_Ga=T,").unwrap().1.split_once("\x1b\\").unwrap().0;
    let (keys, data) = command.split_once(';').unwrap();
    assert_eq!(keys, "U=1,q=2,f=100,t=d,i=7496705,c=4,r=2,m=0");
    let png = BASE64_STANDARD.decode(data).unwrap();
    let picture = image::load_from_memory(&png).unwrap().into_rgba8();
    assert_eq!((picture.width(), picture.height()), (40, 40), "two rows of cells");
    assert_eq!(picture.get_pixel(39, 34), &Rgba([200, 30, 40, 255]));
    assert_eq!(picture.get_pixel(39, 35), &Rgba([0, 0, 0, 0]));
    until("its cells", || (placeholders(&at.terminal) == [4, 4]).then_some(()));

    // What lies over it covers it, and it is there again with nothing sent anew.
    at.terminal.press("?").sees(["Keys"]);
    until("the help", || placeholders(&at.terminal).is_empty().then_some(()));
    at.terminal.press("esc");
    until("its cells", || (placeholders(&at.terminal) == [4, 4]).then_some(()));
    let all = String::from_utf8_lossy(&at.terminal.written()).into_owned();
    assert_eq!(all.matches("\x1b_G").count(), 1);

    at.terminal.press("]").loses("[PNG, 40×35, ");
    written(&at.terminal, 0, &["\x1b_Ga=T,", "\x1b_Ga=d,d=I,q=2,i=7496705\x1b\\"]);
    assert_eq!(placeholders(&at.terminal), [0; 0]);
}

#[test]
fn kitty_forgets_the_picture_before_the_screen_is_left() {
    let mut at = shown(&[("TERM", "xterm-kitty")]);
    written(&at.terminal, 0, &["\x1b_Ga=T,"]);
    let forgets = "\x1b_Ga=d,d=I,q=2,i=7496705\x1b\\";
    at.terminal.press("s").sees(["rdev: the plain stream"]);
    written(&at.terminal, 0, &["\x1b_Ga=T,", forgets, "\x1b[?1049l"]);
    let before = at.terminal.written().len();
    at.terminal.press("s").sees(["[PNG, 40×35, "]);
    written(&at.terminal, before, &["\x1b_Ga=T,", ",i=7496705,"]);
    let before = at.terminal.written().len();
    // One that was made for another width takes its place.
    at.terminal.resize(110, 40);
    written(&at.terminal, before, &[forgets, "\x1b_Ga=T,", ",i=7496706,"]);
    let before = at.terminal.written().len();
    at.terminal.press("Q");
    assert!(at.terminal.wait_for_exit().success());
    written(&at.terminal, before, &["\x1b_Ga=d,d=I,q=2,i=7496706\x1b\\", "\x1b[?1049l"]);
}

#[test]
fn iterm2_is_sent_a_picture_for_each_row_of_it_that_has_changed() {
    let at = shown(&[("TERM_PROGRAM", "iTerm.app")]);
    let file = "\x1b]1337;File=inline=1;size=";
    let all = written(&at.terminal, 0, &[file, file, "\x07"]);
    assert!(all.contains(";width=4;height=1;preserveAspectRatio=0;doNotMoveCursor=1:"));
    assert!(!all.contains('\u{10eeee}') && !all.contains("\x1b_G"));
    let before = at.terminal.written().len();
    at.terminal.press("?").sees(["Keys"]).press("esc").loses("Keys");
    // Each row is erased before its picture and what else is in it.
    written(&at.terminal, before, &["\x1b[2K", file, "\x1b[2K", file]);
    let before = at.terminal.written().len();
    at.terminal.press("]").loses("[PNG, 40×35, ");
    let after = String::from_utf8_lossy(&at.terminal.written()[before..]).into_owned();
    assert!(after.matches("\x1b[2K").count() >= 2 && !after.contains(file));
}

#[test]
fn other_terminals_get_half_blocks() {
    let others: [&[(&str, &str)]; 3] = [
        &[],
        &[("TERM", "xterm-kitty"), ("TMUX", "/nowhere,1,0")],
        &[("TERM_PROGRAM", "WezTerm"), ("SSH_CONNECTION", "a 1 b 2")],
    ];
    for variables in others {
        let at = shown(variables);
        at.terminal.sees(["▀▀▀▀"]);
        let all = String::from_utf8_lossy(&at.terminal.written()).into_owned();
        assert!(!all.contains("\x1b_G") && !all.contains("]1337;"), "{variables:?}");
    }
}
