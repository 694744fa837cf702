//! Why data cannot be used.

use std::fmt;
use std::io;
use std::path::PathBuf;

use flowtwin_twin::FitError;

use crate::diagnostic::Diagnostic;

/// Why data cannot be read or learnt from, or what was learnt not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// What was given cannot be used.
    #[error(transparent)]
    Unusable(#[from] Diagnostic),
    /// A surrogate cannot be fitted.
    #[error("{data}: {error}")]
    Fit {
        /// The file or run folder that it was fitted to.
        data: String,
        /// Why.
        error: FitError,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl DataError {
    /// Data that cannot be used.
    pub(crate) fn bad_input(message: impl fmt::Display) -> Self {
        Self::Unusable(Diagnostic::new(message.to_string()))
    }

    /// The same, with what to do about it.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Unusable(diagnostic) => Self::Unusable(diagnostic.hint(hint)),
            other => other,
        }
    }
}
