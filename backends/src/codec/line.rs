//! Lines of text, as SCPI and the DC4100 speak them.

use super::Scan;

/// Longest line that is taken for one \[bytes\].
pub const LONGEST: usize = 1024;

/// Scans for a line ended by LF, with or without CR before it; the line comes without its end.
pub fn scan(bytes: &[u8]) -> Scan<String> {
    match bytes.iter().position(|&b| b == b'\n') {
        Some(end) => Scan::Frame(text(&bytes[..end]), end + 1),
        None if bytes.len() > LONGEST => Scan::Junk(bytes.len()),
        None => Scan::Incomplete,
    }
}

/// Bytes as text, trimmed; what is no UTF-8 is marked as such.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_with_lf_and_loses_cr() {
        assert_eq!(scan(b"*IDN?\r\nrest"), Scan::Frame("*IDN?".into(), 7));
        assert_eq!(scan(b"*IDN?"), Scan::Incomplete);
        assert_eq!(scan(&[b'a'; LONGEST + 1]), Scan::Junk(LONGEST + 1));
    }
}
