//! How alike two words are, for hints about names that are not known.

/// How many letters must be put in, taken out or changed to make one word of the other (Levenshtein 1966).
pub fn letters_apart(a: &str, b: &str) -> usize {
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
}
