//! Bytes typed at a terminal → keys and pastes.
//!
//! crossterm's own decoder cannot be used without its reader, and that reader loops for
//! ever at full speed once the terminal is gone (0.29, `event/source/unix/mio.rs`: a read
//! of 0 bytes or an error is tried again) and cannot be woken to hand the terminal over.
//! Its names for keys are used here.
//!
//! Invariant: whatever the bytes, no panic, and at most [`LONGEST_PASTE`] bytes are held.

use crossterm::event::{
    KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

/// Longest escape sequence that is waited for.
const LONGEST_SEQUENCE: usize = 64;
/// Bytes kept of one paste.
const LONGEST_PASTE: usize = 1 << 20;
/// What ends a paste.
const PASTE_END: &[u8] = b"\x1b[201~";

/// Something that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    Key(KeyEvent),
    /// A click, or a step of the wheel, at a cell counted from 0.
    Mouse(MouseEvent),
    /// Text that was pasted in one go. Not escaped.
    Paste(String),
}

/// Makes keys of bytes, however they are cut.
#[derive(Debug, Default)]
pub struct Decoder {
    pending: Vec<u8>,
    paste: Option<Vec<u8>>,
}

/// What the bytes at the beginning of the buffer are.
enum Found {
    /// So many bytes that mean this, or nothing.
    Taken(usize, Option<Typed>),
    /// So many bytes that begin a paste.
    PasteBegins(usize),
    /// Not enough to say.
    More,
}

impl Decoder {
    /// Takes bytes in and gives what they complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Typed> {
        self.pending.extend_from_slice(bytes);
        self.drain(false)
    }

    /// Whether something is begun that more bytes could complete.
    pub fn is_waiting(&self) -> bool {
        !self.pending.is_empty() && self.paste.is_none()
    }

    /// Nothing more came for a while: what was begun is taken for what it is, an escape
    /// byte for the escape key.
    pub fn settle(&mut self) -> Vec<Typed> {
        self.drain(true)
    }

    fn drain(&mut self, settled: bool) -> Vec<Typed> {
        let mut typed = Vec::new();
        let mut at = 0;
        loop {
            if self.paste.is_some() {
                match self.take_paste(&mut at) {
                    Some(text) => typed.push(Typed::Paste(text)),
                    None => break,
                }
            }
            match decode(&self.pending[at..], settled) {
                Found::Taken(0, _) | Found::More => break,
                Found::Taken(length, key) => {
                    at += length;
                    typed.extend(key);
                }
                Found::PasteBegins(length) => {
                    at += length;
                    self.paste = Some(Vec::new());
                }
            }
        }
        self.pending.drain(..at);
        typed
    }

    /// Moves what belongs to the paste out of the buffer; gives it once it has ended.
    fn take_paste(&mut self, at: &mut usize) -> Option<String> {
        let rest = &self.pending[*at..];
        let end = memchr::memmem::find(rest, PASTE_END);
        // The end itself may be cut between two reads.
        let length = end.unwrap_or(rest.len().saturating_sub(PASTE_END.len() - 1));
        if let Some(paste) = &mut self.paste {
            let room = LONGEST_PASTE.saturating_sub(paste.len());
            paste.extend_from_slice(&rest[..length.min(room)]);
        }
        *at += length;
        end?;
        *at += PASTE_END.len();
        self.paste.take().map(|paste| String::from_utf8_lossy(&paste).into_owned())
    }
}

fn decode(bytes: &[u8], settled: bool) -> Found {
    match bytes {
        [] => Found::Taken(0, None),
        [0x1b, rest @ ..] => match escape(rest, settled) {
            Found::More if settled => taken(1, KeyCode::Esc, KeyModifiers::NONE),
            found => found,
        },
        _ => plain(bytes, settled),
    }
}

fn taken(length: usize, code: KeyCode, modifiers: KeyModifiers) -> Found {
    Found::Taken(length, Some(Typed::Key(KeyEvent::new(code, modifiers))))
}

/// What follows an escape byte.
fn escape(rest: &[u8], settled: bool) -> Found {
    match rest {
        [] => Found::More,
        [0x1b, ..] => taken(1, KeyCode::Esc, KeyModifiers::NONE),
        [b'[', after @ ..] => control_sequence(after),
        [b'O'] => Found::More,
        [b'O', last, ..] => Found::Taken(
            3,
            letter_key(*last)
                .map(|code| Typed::Key(KeyEvent::new(code, KeyModifiers::NONE))),
        ),
        _ => match plain(rest, settled) {
            Found::Taken(length, Some(Typed::Key(mut key))) => {
                key.modifiers |= KeyModifiers::ALT;
                Found::Taken(length + 1, Some(Typed::Key(key)))
            }
            Found::Taken(length, _) => Found::Taken(length + 1, None),
            found => found,
        },
    }
}

/// What follows `ESC [`: parameters, then a final byte (ECMA-48 section 5.4).
fn control_sequence(after: &[u8]) -> Found {
    // The Linux console sends its first function keys as `ESC [ [ A` to `E`.
    if let [b'[', rest @ ..] = after {
        return match rest {
            [] => Found::More,
            [letter @ b'A'..=b'E', ..] => {
                taken(4, KeyCode::F(letter - b'A' + 1), KeyModifiers::NONE)
            }
            _ => Found::Taken(3, None),
        };
    }
    let Some(last) = after.iter().position(|byte| !(0x20..=0x3f).contains(byte)) else {
        if after.len() > LONGEST_SEQUENCE {
            return Found::Taken(after.len() + 2, None);
        }
        return Found::More;
    };
    let length = last + 3;
    if let Some(parameters) = after[..last].strip_prefix(b"<") {
        let is_press = after[last] == b'M';
        return Found::Taken(length, mouse(parameters, is_press));
    }
    let mut numbers = after[..last].split(|&byte| byte == b';').map(number);
    let first = numbers.next().flatten();
    let modifiers = modifiers(numbers.next().flatten().unwrap_or(1));
    let code = match (after[last], first) {
        (b'~', Some(200)) => return Found::PasteBegins(length),
        (b'~', Some(number)) => number_key(number),
        (b'Z', _) => Some(KeyCode::BackTab),
        (letter, _) => letter_key(letter),
    };
    Found::Taken(length, code.map(|code| Typed::Key(KeyEvent::new(code, modifiers))))
}

/// What the mouse did, as xterm's mode 1006 reports it: a sum for button and modifiers,
/// then column and row, counted from 1. Nothing is made of other buttons, nor of moves
/// with none held down.
fn mouse(parameters: &[u8], is_press: bool) -> Option<Typed> {
    let mut numbers = parameters.split(|&byte| byte == b';').map(number);
    let (sum, column, row) =
        (numbers.next()??, numbers.next()??, numbers.next().flatten()?);
    let kind = match sum & !0b1_1100 {
        0 if !is_press => MouseEventKind::Up(MouseButton::Left),
        _ if !is_press => return None,
        0 => MouseEventKind::Down(MouseButton::Left),
        32 => MouseEventKind::Drag(MouseButton::Left),
        64 => MouseEventKind::ScrollUp,
        65 => MouseEventKind::ScrollDown,
        _ => return None,
    };
    // 4 for shift, 8 for alt, 16 for control: as those of keys, but for their places.
    let modifiers = modifiers(((sum >> 2) & 0b111) + 1);
    let (column, row) = (column.checked_sub(1)?, row.checked_sub(1)?);
    Some(Typed::Mouse(MouseEvent { kind, column, row, modifiers }))
}

fn number(digits: &[u8]) -> Option<u16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// xterm: one more than the sum of 1 for shift, 2 for alt, 4 for control.
fn modifiers(parameter: u16) -> KeyModifiers {
    let bits = parameter.saturating_sub(1);
    let mut modifiers = KeyModifiers::NONE;
    for (bit, modifier) in
        [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)]
    {
        if bits & bit != 0 {
            modifiers |= modifier;
        }
    }
    modifiers
}

fn letter_key(letter: u8) -> Option<KeyCode> {
    Some(match letter {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'P'..=b'S' => KeyCode::F(letter - b'P' + 1),
        b'M' => KeyCode::Enter,
        _ => return None,
    })
}

fn number_key(number: u16) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(number as u8 - 10),
        17..=21 => KeyCode::F(number as u8 - 11),
        23 | 24 => KeyCode::F(number as u8 - 12),
        _ => return None,
    })
}

/// A byte or character that is no escape sequence.
fn plain(bytes: &[u8], settled: bool) -> Found {
    let Some(&first) = bytes.first() else { return Found::More };
    let control =
        |letter: u8| taken(1, KeyCode::Char(char::from(letter)), KeyModifiers::CONTROL);
    match first {
        b'\r' | b'\n' => taken(1, KeyCode::Enter, KeyModifiers::NONE),
        b'\t' => taken(1, KeyCode::Tab, KeyModifiers::NONE),
        0x08 | 0x7f => taken(1, KeyCode::Backspace, KeyModifiers::NONE),
        0 => control(b' '),
        0x01..=0x1a => control(first - 1 + b'a'),
        0x1b => Found::Taken(1, None),
        0x1c..=0x1f => control(first - 0x1c + b'4'),
        0x20..=0x7e => taken(1, KeyCode::Char(char::from(first)), KeyModifiers::NONE),
        _ => character(bytes, settled),
    }
}

/// A character of several bytes; a byte that is none is dropped.
fn character(bytes: &[u8], settled: bool) -> Found {
    let window = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(window) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => {
            std::str::from_utf8(&window[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(error) if error.error_len().is_none() && !settled => return Found::More,
        Err(_) => return Found::Taken(1, None),
    };
    match valid.chars().next() {
        Some(character) => {
            taken(character.len_utf8(), KeyCode::Char(character), KeyModifiers::NONE)
        }
        None => Found::Taken(1, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys as text, from all bytes at once and one by one.
    fn keys(bytes: &[u8]) -> String {
        let mut whole = Decoder::default();
        let mut typed = whole.feed(bytes);
        typed.extend(whole.settle());
        let mut decoder = Decoder::default();
        let mut bytewise = Vec::new();
        for byte in bytes {
            bytewise.extend(decoder.feed(&[*byte]));
        }
        bytewise.extend(decoder.settle());
        assert_eq!(typed, bytewise, "the cuts between reads changed the keys");
        let names: Vec<String> = typed.iter().map(name).collect();
        names.join(" ")
    }

    fn name(typed: &Typed) -> String {
        match typed {
            Typed::Paste(text) => format!("paste:{text}"),
            Typed::Mouse(mouse) => {
                format!("{:?} at {},{}", mouse.kind, mouse.column, mouse.row)
            }
            Typed::Key(key) if key.modifiers.is_empty() => key.code.to_string(),
            Typed::Key(key) => format!("{}+{}", key.modifiers, key.code),
        }
    }

    #[test]
    fn letters_controls_and_characters_are_keys() {
        assert_eq!(keys(b"jG\r\t\x7f\x03"), "j G Enter Tab Backspace Control+c");
        assert_eq!(keys("é日".as_bytes()), "é 日");
        assert_eq!(keys(b"a\xff\xfeb"), "a b");
    }

    #[test]
    fn sequences_of_common_terminals_are_keys() {
        assert_eq!(
            keys(b"\x1b[A\x1bOB\x1b[5~\x1b[1;5C"),
            "Up Down Page Up Control+Right"
        );
        assert_eq!(keys(b"\x1b[15~\x1bOP\x1b[[C\x1b[Z"), "F5 F1 F3 Back Tab");
        assert_eq!(keys(b"\x1b[H\x1b[4~"), "Home End");
    }

    #[test]
    fn a_lone_escape_is_the_key_and_one_before_a_letter_is_alt() {
        assert_eq!(keys(b"\x1b"), "Esc");
        assert_eq!(keys(b"\x1b\x1b"), "Esc Esc");
        assert_eq!(keys(b"\x1bx"), "Alt+x");
    }

    #[test]
    fn a_paste_is_one_thing_and_never_keys() {
        assert_eq!(keys(b"\x1b[200~q\r\x1b[A\x1b[201~j"), "paste:q\r\x1b[A j");
    }

    #[test]
    fn clicks_and_the_wheel_are_told_from_keys_and_from_what_is_of_no_use() {
        assert_eq!(
            keys(b"\x1b[<0;12;3M\x1b[<0;12;3m\x1b[<65;1;1Mj"),
            "Down(Left) at 11,2 Up(Left) at 11,2 ScrollDown at 0,0 j"
        );
        assert_eq!(keys(b"\x1b[<32;2;3M\x1b[<2;2;3m"), "Drag(Left) at 1,2");
        assert_eq!(keys(b"\x1b[<68;300;90M"), "ScrollUp at 299,89");
        assert_eq!(keys(b"\x1b[<2;1;1M\x1b[<35;1;1M\x1b[<0;0;1M\x1b[<;;M\x1b[<Mk"), "k");
    }

    #[test]
    fn unknown_sequences_are_swallowed_whole() {
        assert_eq!(keys(b"\x1b[?1;2cj\x1b[999~k\x1b[I"), "j k");
        let mut long = b"\x1b[".to_vec();
        long.extend(std::iter::repeat_n(b'1', 1000));
        let mut decoder = Decoder::default();
        assert_eq!(decoder.feed(&long), []);
        assert!(!decoder.is_waiting());
    }
}
