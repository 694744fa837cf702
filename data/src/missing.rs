//! What people and programs write where nothing was measured.

/// The words, in small letters.
const WORDS: [&str; 19] = [
    "", "-", "–", "—", "−", ".", "?", "#n/a", "<na>", "n.a.", "n.d.", "n/a", "na", "nan", "nd",
    "none", "null", "nil", "missing",
];

/// Whether the text of a cell, without blanks around it, says that nothing was measured.
pub(crate) fn is_missing(text: &str) -> bool {
    WORDS.contains(&text.to_lowercase().as_str())
}
