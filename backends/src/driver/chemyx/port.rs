//! The port of a pump: commands out, payload lines back.

use std::time::Duration;

use flowtwin_lab::FaultKind;

use crate::codec::chemyx::scan_reply;
use crate::transport::{Dialog, read_again};

/// The only error text in any source.
const INVALID: &str = "Invalid Command!";

/// A port with one pump, or with the channels of one.
#[derive(Debug)]
pub struct ChemyxPort {
    dialog: Dialog,
    echo: Option<bool>,
}

impl ChemyxPort {
    /// A port that has not been spoken to.
    pub fn new(dialog: Dialog) -> Self {
        Self { dialog, echo: None }
    }

    /// Ends whatever half command the pump may have received, drops what it answers, and learns its
    /// dialect.
    ///
    /// # Errors
    /// If the link is lost.
    pub(crate) fn wake(&mut self) -> Result<(), FaultKind> {
        if self.echo.is_none() {
            self.dialog.tell(b"\r")?;
            self.dialog.drain(Duration::from_millis(100))?;
        }
        Ok(())
    }

    /// What is known of the echo, in words.
    pub(crate) fn echo_in_words(&self) -> String {
        match self.echo {
            Some(true) => "it echoes commands".into(),
            Some(false) => {
                "its echo is off: late replies cannot be distinguished from right ones".into()
            }
            None => "it has not answered".into(),
        }
    }

    /// Sends a command that only reads, again if need be, and returns the payload.
    ///
    /// # Errors
    /// If there is no reply, or the pump refuses.
    pub fn read(&mut self, channel: Option<u8>, command: &str) -> Result<Vec<String>, FaultKind> {
        read_again(|| self.command(channel, command))
    }

    /// Sends a command once and returns the payload.
    ///
    /// # Errors
    /// If there is no reply, or the pump refuses.
    pub fn command(
        &mut self,
        channel: Option<u8>,
        command: &str,
    ) -> Result<Vec<String>, FaultKind> {
        let sent = match channel {
            Some(channel) => format!("{channel} {command}"),
            None => command.to_owned(),
        };
        if !self.dialog.is_clean() {
            self.dialog.drain(self.dialog.patience() / 10)?;
        }
        let echo = &mut self.echo;
        let bytes = format!("{sent}\r").into_bytes();
        self.dialog.ask(&bytes, scan_reply, |lines| payload(lines, &sent, echo))
    }
}

/// The payload of a reply to `sent`; none if the reply is a stray prompt or belongs to another
/// command.
fn payload(
    mut lines: Vec<String>,
    sent: &str,
    echo: &mut Option<bool>,
) -> Result<Option<Vec<String>>, FaultKind> {
    let echoed = lines.first().is_some_and(|line| line == sent.trim());
    if echoed {
        lines.remove(0);
    }
    if lines.is_empty() || (*echo == Some(true) && !echoed) {
        return Ok(None);
    }
    *echo = Some(echoed);
    if lines.iter().any(|line| line == INVALID) {
        return Err(FaultKind::Refused { detail: format!("{INVALID} ({sent})") });
    }
    Ok(Some(lines))
}
