//! Suggestions for misspelt words.

/// The known word that is most like `word`, if few letters differ: one, and one more for every four letters.
///
/// Capitals and the choice between `_`, `-` and blank make no difference. Of words that are equally like it, the first.
///
/// ```
/// use flowtwin_lab::nearest;
///
/// assert_eq!(nearest("Max-Varianse", &["max_variance", "exploit"]), Some("max_variance"));
/// assert_eq!(nearest("simplex", &["max_variance", "exploit"]), None);
/// ```
pub fn nearest<'a, S: AsRef<str>>(word: &str, known: &'a [S]) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let word = plain(word);
    let far = |known: &str| letters_apart(&word, &plain(known));
    let like = known.iter().map(AsRef::as_ref).map(|known| (far(known), known));
    // A word of which every letter is another is no slip.
    let slips = |known: &str| (1 + known.chars().count() / 4).min(known.chars().count() - 1);
    let close = like.filter(|(far, known)| !known.is_empty() && *far <= slips(known));
    close.min_by_key(|(far, _)| *far).map(|(_, known)| known)
}

/// How many letters must be put in, taken out or changed to make one word of the other (Levenshtein 1966).
fn letters_apart(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_differ_are_counted() {
        assert_eq!(letters_apart("kitten", "sitting"), 3);
        assert_eq!(letters_apart("", "abc"), 3);
        assert_eq!(letters_apart("µm", "nm"), 1);
    }

    #[test]
    fn short_words_must_be_nearly_right() {
        let known = ["ei", "ucb", "random"];
        assert_eq!(nearest("EI", &known), Some("ei"));
        assert_eq!(nearest("e", &known), Some("ei"));
        assert_eq!(nearest("xy", &known), None);
        assert_eq!(nearest("rndm", &known), Some("random"));
    }
}
