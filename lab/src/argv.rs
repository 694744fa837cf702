//! Commands as people write them into files, and the words that a program is started with.

/// Why a command is no list of words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WordsError {
    /// A quote is not closed.
    #[error("the quote {quote} at character {at} is not closed")]
    Open {
        /// The quote.
        quote: char,
        /// Its place, from 1.
        at: usize,
    },
    /// There is no word.
    #[error("the command is empty")]
    Empty,
}

/// The words of `command`: separated by blanks, quoted by `'` or `"`, with `\` before a character that is meant as it
/// is (not within `'`). No shell is involved: nothing is expanded, piped or redirected.
///
/// # Errors
/// If a quote is not closed or there is no word.
pub fn words(command: &str) -> Result<Vec<String>, WordsError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<(char, usize)> = None;
    let mut characters = command.chars().enumerate();
    while let Some((at, c)) = characters.next() {
        match (c, quote) {
            (c, Some((open, _))) if c == open => quote = None,
            ('\\', None | Some(('"', _))) => {
                let meant = characters.next().map_or('\\', |(_, c)| c);
                word.get_or_insert_default().push(meant);
            }
            ('\'' | '"', None) => {
                quote = Some((c, at + 1));
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    if let Some((quote, at)) = quote {
        return Err(WordsError::Open { quote, at });
    }
    words.extend(word);
    if words.is_empty() { Err(WordsError::Empty) } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_separate_and_quotes_hold_together() {
        let split = |command| words(command).unwrap();
        assert_eq!(split("  python  my_policy.py "), ["python", "my_policy.py"]);
        assert_eq!(split(r#"a 'b c' "d 'e" f\ g ''"#), ["a", "b c", "d 'e", "f g", ""]);
        assert_eq!(split(r#"x="y z""#), ["x=y z"]);
    }

    #[test]
    fn what_is_no_command_is_refused() {
        assert_eq!(words("  "), Err(WordsError::Empty));
        assert_eq!(words("a 'b"), Err(WordsError::Open { quote: '\'', at: 3 }));
    }
}
