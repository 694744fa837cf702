//! The text protocol of Chemyx Fusion syringe pumps.
//!
//! A command ends with CR or CR LF. A reply is an echo of the command (unless echo is off), the
//! payload lines, and the prompt `>` with nothing after it. The echo ends with CR LF on classic
//! firmware and with a lone CR on multi-channel (X) firmware; the host reads both by splitting at
//! any run of CR and LF.

use serde::{Deserialize, Serialize};

use super::{Scan, line};

/// Longest command or reply that is taken for one \[bytes\].
pub const LONGEST: usize = 4096;

/// How a pump frames its replies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// The echo ends with CR LF.
    #[default]
    Classic,
    /// The echo ends with CR: multi-channel firmware.
    X,
}

/// Scans for a command, on the pump's side. An LF before it belongs to the command before.
pub fn scan_command(bytes: &[u8]) -> Scan<String> {
    if bytes.first() == Some(&b'\n') {
        return Scan::Junk(1);
    }
    match bytes.iter().position(|&b| b == b'\r') {
        Some(end) => Scan::Frame(String::from_utf8_lossy(&bytes[..end]).into_owned(), end + 1),
        None if bytes.len() > LONGEST => Scan::Junk(bytes.len()),
        None => Scan::Incomplete,
    }
}

/// Scans for a reply, on the host's side: its lines without the prompt, trimmed, empty ones
/// dropped.
pub fn scan_reply(bytes: &[u8]) -> Scan<Vec<String>> {
    match bytes.iter().position(|&b| b == b'>') {
        Some(end) => Scan::Frame(lines(&bytes[..end]), end + 1),
        None if bytes.len() > LONGEST => Scan::Junk(bytes.len()),
        None => Scan::Incomplete,
    }
}

fn lines(bytes: &[u8]) -> Vec<String> {
    bytes
        .split(|&b| b == b'\r' || b == b'\n')
        .map(line::text)
        .filter(|line| !line.is_empty())
        .collect()
}

/// Appends a reply to `out`, as a pump sends it.
pub(crate) fn write_reply(
    out: &mut Vec<u8>,
    dialect: Dialect,
    echo: Option<&str>,
    payload: &[impl AsRef<str>],
) {
    if let Some(command) = echo {
        out.extend_from_slice(command.as_bytes());
        out.extend_from_slice(match dialect {
            Dialect::Classic => b"\r\n",
            Dialect::X => b"\r",
        });
    }
    for line in payload {
        out.extend_from_slice(line.as_ref().as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.push(b'>');
}

/// The number in a payload line such as `rate = 5.000000`; the first of a list.
pub fn value(line: &str, name: &str) -> Option<f64> {
    let (left, right) = line.split_once('=')?;
    if !left.trim().ends_with(name) {
        return None;
    }
    right.split(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::take;

    fn spoken(dialect: Dialect, echo: Option<&str>) -> Vec<u8> {
        let mut out = Vec::new();
        write_reply(&mut out, dialect, echo, &["rate = 5.000000"]);
        out
    }

    #[test]
    fn the_classic_reply_has_the_bytes_of_the_manual() {
        assert_eq!(
            spoken(Dialect::Classic, Some("set rate 5")),
            b"set rate 5\r\nrate = 5.000000\r\n>"
        );
        assert_eq!(spoken(Dialect::X, Some("set rate 5")), b"set rate 5\rrate = 5.000000\r\n>");
        assert_eq!(spoken(Dialect::X, None), b"rate = 5.000000\r\n>");
    }

    #[test]
    fn all_dialects_read_the_same() {
        for (dialect, echo) in [
            (Dialect::Classic, Some("set rate 5")),
            (Dialect::X, Some("set rate 5")),
            (Dialect::Classic, None),
        ] {
            let lines = take(&mut spoken(dialect, echo), scan_reply).expect("a whole reply");
            assert_eq!(lines.last().map(String::as_str), Some("rate = 5.000000"));
            assert_eq!(lines.len(), 1 + usize::from(echo.is_some()));
        }
    }

    #[test]
    fn a_line_feed_after_a_command_makes_no_empty_command() {
        let mut input = b"stop\r\nstart\r".to_vec();
        assert_eq!(take(&mut input, scan_command).as_deref(), Some("stop"));
        assert_eq!(take(&mut input, scan_command).as_deref(), Some("start"));
        assert_eq!(take(&mut input, scan_command), None);
    }

    #[test]
    fn a_value_is_read_by_its_name() {
        assert_eq!(value("rate = 5.000000", "rate"), Some(5.0));
        assert_eq!(value("pump 1 change rate = 5.5", "change rate"), Some(5.5));
        assert_eq!(value("volume = 0.110000,0.2", "volume"), Some(0.11));
        assert_eq!(value("rate = 5.0", "volume"), None);
        assert_eq!(value("rate = five", "rate"), None);
    }
}
