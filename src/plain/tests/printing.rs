//! Blocks on their way out.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use super::*;
use crate::bus::Bus;

/// What was written, call by call; every other call is interrupted, and nobody reads any
/// more after so many.
#[derive(Clone)]
struct Pipe {
    calls: Arc<Mutex<Vec<Vec<u8>>>>,
    most: usize,
    interrupt: bool,
}

impl Pipe {
    fn new(most: usize) -> Self {
        Self { calls: Arc::default(), most, interrupt: false }
    }

    fn calls(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().map(|call| String::from_utf8_lossy(call).into_owned()).collect()
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() == self.most {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        calls.push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn blocks_are_written_whole_until_the_bus_closes_or_nobody_reads() {
    let bus = Bus::default();
    let subscription = bus.subscribe();
    for id in 1..=3 {
        bus.publish(began(id, 0, b"GET / HTTP/1.0\r\n\r\n"));
        bus.publish(printed(OutputStream::Stderr, b"said"));
    }
    bus.publish(responded(3, 1, "HTTP/1.1 200 OK\n\n"));
    bus.close();
    let (out, err) = (Pipe::new(2), Pipe::new(10));
    let stdout = Destination::new(out.clone(), Medium::Bytes);
    let stderr = Destination::new(err.clone(), Medium::Bytes);
    run_to(&subscription, (PathBuf::new(), Wording::Line), stdout, stderr).unwrap();
    let block = |id| format!("#{id} 127.0.0.1:5123\n> GET / HTTP/1.0\n> \n");
    assert_eq!(out.calls(), [block(1), block(2)]);
    assert_eq!(err.calls(), ["said\n", "said\n", "said\n"]);
}

#[test]
fn a_stream_is_shown_while_nothing_else_happens() {
    let bus = Bus::default();
    let subscription = bus.subscribe();
    bus.publish(began(1, 0, b"GET / HTTP/1.0\r\n\r\n"));
    bus.publish(responded(1, 1, "HTTP/1.1 200 OK\n\n"));
    let (out, err) = (Pipe::new(10), Pipe::new(10));
    let printer = std::thread::spawn({
        let stdout = Destination::new(out.clone(), Medium::Bytes);
        let stderr = Destination::new(err, Medium::Bytes);
        move || run_to(&subscription, (PathBuf::new(), Wording::Line), stdout, stderr)
    });
    while out.calls().len() < 2 {
        assert!(!printer.is_finished());
        std::thread::yield_now();
    }
    bus.close();
    printer.join().unwrap().unwrap();
    assert_eq!(
        out.calls()[1],
        "#1 answered by rdev, head after 1.0 ms\n< HTTP/1.1 200 OK\n< \n"
    );
}
