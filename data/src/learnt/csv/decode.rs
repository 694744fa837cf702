//! From the bytes of a file to lines of text.

use crate::diagnostic::Diagnostic;

/// What the bytes 0x80 to 0x9F mean in Windows-1252; those that mean nothing are zero.
const WINDOWS: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘',
    '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// Text whose lines end with a line feed, and what was unusual about the bytes.
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) notes: Vec<String>,
}

/// Reads bytes as UTF-8, as UTF-16 where they begin with its mark, else as Windows-1252.
///
/// # Errors
/// If they are not text.
pub(super) fn decode(name: &str, bytes: &[u8]) -> Result<Decoded, Diagnostic> {
    let (text, encoding) = match bytes {
        [b'P', b'K', 3, 4, ..] => return Err(no_text(name, "a workbook or another archive")),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => return Err(no_text(name, "an old workbook")),
        [0xff, 0xfe, rest @ ..] => (wide(rest, u16::from_le_bytes), Some("UTF-16")),
        [0xfe, 0xff, rest @ ..] => (wide(rest, u16::from_be_bytes), Some("UTF-16")),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => (Some(text.to_owned()), None),
            Err(_) => (windows(bytes), Some("Windows-1252, as it is no UTF-8")),
        },
    };
    let text = text.filter(|text| !text.contains('\0'));
    let text = text.ok_or_else(|| no_text(name, "no text"))?;
    let mut decoded = lines(text.strip_prefix('\u{feff}').unwrap_or(&text));
    decoded.notes.extend(encoding.map(|encoding| format!("{name} was read as {encoding}")));
    Ok(decoded)
}

/// Text with a line feed at the end of each line, whatever the line ends were.
pub(super) fn lines(text: &str) -> Decoded {
    let mut notes = Vec::new();
    if text.contains('\r') && !text.contains('\n') {
        notes.push("lines end with carriage returns alone".to_owned());
    }
    Decoded { text: text.replace("\r\n", "\n").replace('\r', "\n"), notes }
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let pairs = bytes.chunks_exact(2);
    let whole = pairs.remainder().is_empty();
    let units = pairs.map(|pair| unit([pair[0], pair[1]]));
    whole.then(|| char::decode_utf16(units).collect::<Result<String, _>>().ok()).flatten()
}

fn windows(bytes: &[u8]) -> Option<String> {
    let letter = |&byte: &u8| match byte {
        0x80..=0x9f => Some(WINDOWS[usize::from(byte - 0x80)]).filter(|&c| c != '\0'),
        byte => Some(char::from(byte)),
    };
    bytes.iter().map(letter).collect()
}

fn no_text(name: &str, what: &str) -> Diagnostic {
    Diagnostic::new(format!("{name} is {what}, and no table of text"))
        .hint("save the sheet as CSV in UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Result<(String, usize), String> {
        let decoded = decode("x.csv", bytes).map_err(|error| error.message)?;
        Ok((decoded.text, decoded.notes.len()))
    }

    #[test]
    fn marks_and_encodings_of_spreadsheets_are_understood() {
        let wide = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}T (°C)\r\n1".encode_utf16().flat_map(order).collect()
        };
        let expected = "T (°C)\n1".to_owned();
        assert_eq!(text("\u{feff}T (°C)\r\n1".as_bytes()), Ok((expected.clone(), 0)));
        assert_eq!(text(&wide(u16::to_le_bytes)), Ok((expected.clone(), 1)));
        assert_eq!(text(&wide(u16::to_be_bytes)), Ok((expected.clone(), 1)));
        assert_eq!(text(b"T (\xb0C)\n1"), Ok((expected, 1)));
        assert_eq!(text(b"5 \x80\n"), Ok(("5 €\n".into(), 1)));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for bytes in [&b"PK\x03\x04abc"[..], b"a\0b", b"a\x81", b"\xff\xfea", b"\xff\xfe\x00\xd8"] {
            assert!(text(bytes).unwrap_err().contains("no table of text"), "{bytes:?}");
        }
    }

    #[test]
    fn carriage_returns_end_lines_and_are_told() {
        assert_eq!(text(b"a,b\r1,2\r"), Ok(("a,b\n1,2\n".into(), 1)));
        assert_eq!(text(b"a,b\r\n1,2\n"), Ok(("a,b\n1,2\n".into(), 0)));
    }
}
