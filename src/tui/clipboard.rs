//! What is copied, on its way to the clipboard: programs are asked by a thread of their
//! own, since one may take its time, and the terminal by the thread that draws.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::thread;

use crate::exchange::{Notice, Severity};
use crate::terminal::{Screen, Way, hand_over, ways};
use crate::text;

use super::message::{Clipping, Message};

/// Starts to copy; what comes of it comes back as a message, at once or later.
pub(super) fn start(clipping: Clipping, deliver: impl Fn(Message) + Send + 'static) {
    let thread = thread::Builder::new().name("clipboard".to_owned());
    let started = thread.spawn(move || {
        let taken = ways_for(&clipping).into_iter().find_map(|way| match way {
            Way::Program(name, arguments) => {
                hand_over(name, arguments, &clipping.bytes).then_some(name)
            }
            Way::Osc52 => None,
        });
        deliver(match taken {
            Some(name) => Message::Notice(copied(&clipping, &format!("by {name}"))),
            None => Message::NotTaken(clipping),
        });
    });
    // Without a thread nothing is said, and nothing copied: there is none for anything.
    drop(started);
}

/// Copies through the terminal, or into a file where that would not take it.
pub(super) fn through_terminal(
    clipping: &Clipping,
    screen: &mut Screen,
) -> io::Result<Notice> {
    if ways_for(clipping).contains(&Way::Osc52) {
        screen.copy(&clipping.bytes)?;
        return Ok(copied(clipping, "by the terminal (OSC 52)"));
    }
    let size = text::byte_count(clipping.bytes.len() as u64);
    let what = &clipping.what;
    Ok(match save(clipping) {
        Ok(file) => {
            let text = format!(
                "no clipboard takes the {what}, {size}: it is in {}",
                file.display()
            );
            Notice { severity: Severity::Warning, text }
        }
        Err(error) => {
            let text = format!("the {what} was not copied: {error}");
            Notice { severity: Severity::Error, text }
        }
    })
}

fn ways_for(clipping: &Clipping) -> Vec<Way> {
    let is_macos = cfg!(target_os = "macos");
    ways(|name| env::var_os(name), is_macos, clipping.bytes.len())
}

fn copied(clipping: &Clipping, how: &str) -> Notice {
    let size = text::byte_count(clipping.bytes.len() as u64);
    let manner = if clipping.has_secrets { ", secrets included" } else { "" };
    let text = format!("copied the {}{manner}, {size}, {how}", clipping.what);
    Notice { severity: Severity::Info, text }
}

/// Keeps it in a file for the user alone.
fn save(clipping: &Clipping) -> io::Result<PathBuf> {
    let named =
        tempfile::Builder::new().prefix("rdev-").suffix(clipping.suffix).tempfile();
    let (mut file, path) = named?.keep()?;
    file.write_all(&clipping.bytes)?;
    Ok(path)
}
