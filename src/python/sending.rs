//! Passes a real file to the front, which sends it. The call does not wait for that: a
//! client that takes its time costs no thread.

use std::io;
use std::os::fd::AsFd;

use pyo3::prelude::*;

use super::call::Conversation;
use super::failure::Failure;
use super::file_wrapper::{FileWrapper, RealFile};
use crate::lane::{Down, FilePart, Up};

impl Conversation {
    /// Sends what the application returned if it is a real file in a `wsgi.file_wrapper`.
    /// False when its blocks are to be sent.
    pub(super) fn send_real_file(
        &self,
        py: Python<'_>,
        iterable: &Bound<'_, PyAny>,
    ) -> Result<bool, Failure> {
        // What is left of the request would come on the lane in front of the answer that
        // the file was taken.
        let Ok(wrapper) = iterable.cast_exact::<FileWrapper>() else { return Ok(false) };
        if !self.has_read_request(py) {
            return Ok(false);
        }
        let Some(RealFile { file, part }) = wrapper.get().real_file(py)? else {
            return Ok(false);
        };
        let Some(length) = self.begin_file(py, part.length)? else { return Ok(true) };
        let mut frame = Vec::new();
        Up::File(FilePart { length, ..part }).append(self.id, &mut frame);
        match self.lane.send_with(py, &frame, file.as_fd()) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Err(Failure::ClientGone);
            }
            // Too many descriptors are on their way, for one.
            Err(_) => return Ok(false),
        }
        drop(file);
        let taken = self.is_file_taken(py)?;
        if taken {
            self.end_file(py, length);
        }
        Ok(taken)
    }

    fn is_file_taken(&self, py: Python<'_>) -> Result<bool, Failure> {
        loop {
            match self.lane.receive(py) {
                Ok(Some((_, Down::FileTaken))) => return Ok(true),
                Ok(Some((_, Down::FileRefused))) => return Ok(false),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return Err(Failure::ClientGone),
            }
        }
    }
}
