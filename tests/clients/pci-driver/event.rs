// SPDX-License-Identifier: GPL-2.0-only
//! Eventfds, which interrupts arrive at.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};

pub struct Event(File);

impl Event {
    pub fn new() -> io::Result<Event> {
        // SAFETY: takes no pointers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is open and belongs to nothing else.
        Ok(Event(unsafe { File::from_raw_fd(fd) }))
    }

    /// How often it was signalled since it was last asked. A device signals before
    /// the access that is the cause returns, so that nothing has to be waited for.
    pub fn take(&self) -> io::Result<u64> {
        let mut count = [0; 8];
        match (&self.0).read_exact(&mut count) {
            Ok(()) => Ok(u64::from_ne_bytes(count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error),
        }
    }

    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
