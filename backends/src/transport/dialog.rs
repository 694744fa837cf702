//! Requests and replies over a transport, one at a time.

use std::time::{Duration, Instant};

use flowtwin_lab::FaultKind;

use super::Transport;
use crate::codec::{Scan, take};

/// Most bytes that are read in search of one reply: four of the largest spectrometer messages.
const MOST_BYTES: usize = 4 * 66 * 1024;

/// How often a read is tried before it is a fault.
const TRIES: u32 = 3;

/// Asks and listens.
#[derive(Debug)]
pub struct Dialog {
    transport: Box<dyn Transport>,
    inbox: Vec<u8>,
    patience: Duration,
    clean: bool,
}

impl Dialog {
    /// A dialog that waits at most `patience` for a reply.
    pub fn new(transport: Box<dyn Transport>, patience: Duration) -> Self {
        Self { transport, inbox: Vec::new(), patience, clean: true }
    }

    /// The same dialog with this much more patience: for replies that are long under way.
    #[must_use]
    pub(crate) fn more_patient(self, more: Duration) -> Self {
        Self { patience: self.patience + more, ..self }
    }

    /// The time a reply may take.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Makes the connection where there is none; the number of connections that were made so far.
    ///
    /// # Errors
    /// If there is none to be had.
    pub fn reach(&mut self) -> Result<u64, FaultKind> {
        self.transport.reach()
    }

    /// Gives the connection up, whatever may still come over it.
    pub fn give_up(&mut self) {
        self.transport.give_up();
    }

    /// Whether the last request was answered; if not, a late reply may still come.
    pub(crate) fn is_clean(&self) -> bool {
        self.clean
    }

    /// Whether somebody wants the rig safe, and waits for nothing longer than that takes.
    pub(crate) fn is_hurried(&self) -> bool {
        self.transport.grants(self.patience) < self.patience
    }

    /// Drops what has arrived, then what arrives until nothing has come for `quiet`.
    ///
    /// # Errors
    /// If the link is lost.
    pub fn drain(&mut self, quiet: Duration) -> Result<(), FaultKind> {
        let mut bytes = 0;
        self.inbox.clear();
        while bytes < MOST_BYTES {
            match self.transport.read(&mut self.inbox, quiet)? {
                0 => break,
                n => bytes += n,
            }
        }
        self.inbox.clear();
        Ok(())
    }

    /// Sends without expecting a reply.
    ///
    /// # Errors
    /// If the link is lost.
    pub fn tell(&mut self, request: &[u8]) -> Result<(), FaultKind> {
        self.transport.write(request)
    }

    /// Drops stale bytes, sends `request` and returns the first reply that `accept` takes for its
    /// own.
    ///
    /// `accept` turns a frame into the answer; none where the frame answers something else.
    ///
    /// # Errors
    /// `NoReply` where none came in time, the error of `accept`, or a lost link.
    pub fn ask<F, T>(
        &mut self,
        request: &[u8],
        scan: impl Fn(&[u8]) -> Scan<F>,
        accept: impl FnMut(F) -> Result<Option<T>, FaultKind>,
    ) -> Result<T, FaultKind> {
        let patience = self.patience;
        self.ask_patiently(request, patience, scan, accept)
    }

    /// As [`Dialog::ask`], for a reply that takes longer than usual.
    ///
    /// # Errors
    /// As [`Dialog::ask`].
    pub fn ask_patiently<F, T>(
        &mut self,
        request: &[u8],
        patience: Duration,
        scan: impl Fn(&[u8]) -> Scan<F>,
        accept: impl FnMut(F) -> Result<Option<T>, FaultKind>,
    ) -> Result<T, FaultKind> {
        self.clean = false;
        self.drain(Duration::ZERO)?;
        self.transport.write(request)?;
        let answer = self.listen(patience, scan, accept)?;
        self.clean = true;
        Ok(answer)
    }

    /// Drops stale bytes and sends a request whose reply takes its time: it is [heard](Self::hear) later.
    ///
    /// # Errors
    /// If the link is lost.
    pub fn begin(&mut self, request: &[u8]) -> Result<(), FaultKind> {
        self.clean = false;
        self.drain(Duration::ZERO)?;
        self.transport.write(request)
    }

    /// The reply to what was [begun](Self::begin), if it is whole within `patience`; what has come of it is kept for the
    /// next time.
    ///
    /// # Errors
    /// The error of `accept`, or a lost link.
    pub fn hear<F, T>(
        &mut self,
        patience: Duration,
        scan: impl Fn(&[u8]) -> Scan<F>,
        mut accept: impl FnMut(F) -> Result<Option<T>, FaultKind>,
    ) -> Result<Option<T>, FaultKind> {
        let deadline = Instant::now() + self.transport.grants(patience);
        loop {
            while let Some(frame) = take(&mut self.inbox, &scan) {
                if let Some(answer) = accept(frame)? {
                    self.clean = true;
                    return Ok(Some(answer));
                }
            }
            if self.inbox.len() > MOST_BYTES {
                let bytes = self.inbox.len();
                return Err(garbled(format!("{bytes} bytes without a reply in them")));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if self.transport.read(&mut self.inbox, left)? == 0 {
                return Ok(None);
            }
        }
    }

    /// What comes after a reply, until nothing has come for `quiet`.
    ///
    /// # Errors
    /// If the link is lost.
    pub fn rest(&mut self, quiet: Duration) -> Result<Vec<u8>, FaultKind> {
        let mut rest = std::mem::take(&mut self.inbox);
        while rest.len() < MOST_BYTES && self.transport.read(&mut rest, quiet)? > 0 {}
        Ok(rest)
    }

    fn listen<F, T>(
        &mut self,
        patience: Duration,
        scan: impl Fn(&[u8]) -> Scan<F>,
        mut accept: impl FnMut(F) -> Result<Option<T>, FaultKind>,
    ) -> Result<T, FaultKind> {
        let granted = self.transport.grants(patience);
        let deadline = Instant::now() + granted;
        let mut received = 0;
        loop {
            while let Some(frame) = take(&mut self.inbox, &scan) {
                if let Some(answer) = accept(frame)? {
                    return Ok(answer);
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.transport.read(&mut self.inbox, left)? {
                0 => {
                    let unheard = || self.transport.unheard(patience);
                    let known = (received == 0).then(unheard).flatten();
                    let silence = || self.silence(received, granted);
                    return Err(known.map_or_else(silence, |detail| FaultKind::LinkLost { detail }));
                }
                bytes => received += bytes,
            }
            if received > MOST_BYTES {
                return Err(garbled(format!("{received} bytes without a reply in them")));
            }
        }
    }

    fn silence(&self, received: usize, patience: Duration) -> FaultKind {
        if received == 0 {
            return FaultKind::NoReply { waited_s: patience.as_secs_f64() };
        }
        garbled(format!(
            "{received} bytes without a reply in them, the last ones {:02X?}",
            &self.inbox[self.inbox.len().saturating_sub(16)..]
        ))
    }
}

/// The fault of bytes that make no sense.
pub(crate) fn garbled(detail: impl Into<String>) -> FaultKind {
    FaultKind::Garbled { detail: detail.into() }
}

/// Whether the wire failed, so that asking again may help; an instrument that said no will say it
/// again.
pub(crate) fn is_link_trouble(kind: &FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::NoReply { .. } | FaultKind::Garbled { .. } | FaultKind::LinkLost { .. }
    )
}

/// Reads again, a few times, while the wire fails. Only for what changes nothing.
pub(crate) fn read_again<T>(
    mut read: impl FnMut() -> Result<T, FaultKind>,
) -> Result<T, FaultKind> {
    for _ in 1..TRIES {
        match read() {
            Err(kind) if is_link_trouble(&kind) => {}
            done => return done,
        }
    }
    read()
}
