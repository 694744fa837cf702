//! How a command fails: kind, message, hints, exit code.

use std::fmt;
use std::path::Path;

use flowtwin_campaign::campaign::CampaignError;
use flowtwin_campaign::conclusion::ConclusionError;
use flowtwin_campaign::folder::FolderError;
use flowtwin_campaign::scenario::NoRig;
use flowtwin_comparison::{CheckError, GoldenError, SideError};
use flowtwin_data::DataError;
use flowtwin_data::diagnostic::Diagnostic;

/// Why a command ended without doing what it was asked to.
#[derive(Debug)]
pub struct CommandError {
    kind: Kind,
    message: String,
    hints: Vec<String>,
}

/// What sort of failure it is. Each has its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The thing that was asked for failed.
    Failed,
    /// The input was bad; nothing was done.
    BadInput,
    /// A fault stopped the rig; it is safe.
    Fault,
    /// Somebody asked it to stop; the rig is safe and the journal intact.
    Interrupted,
}

impl Kind {
    /// The exit code: 1 failed, 2 bad input, 3 stopped by a fault and safe, 130 interrupted.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::BadInput => 2,
            Self::Fault => 3,
            Self::Interrupted => 130,
        }
    }
}

impl CommandError {
    /// A failure of a kind.
    pub fn new(kind: Kind, message: impl fmt::Display) -> Self {
        Self { kind, message: message.to_string(), hints: Vec::new() }
    }

    /// Bad input.
    pub fn bad_input(message: impl fmt::Display) -> Self {
        Self::new(Kind::BadInput, message)
    }

    /// A failure.
    pub fn failed(message: impl fmt::Display) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// A file that could not be written.
    pub fn unwritable(path: &Path, error: &std::io::Error) -> Self {
        Self::failed(format_args!("cannot write {}: {error}", path.display()))
    }

    /// The same failure with one more hint, in the imperative.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for hint in &self.hints {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CommandError {}

impl From<DataError> for CommandError {
    fn from(error: DataError) -> Self {
        match error {
            DataError::Unusable(diagnostic) => Self::bad_input(diagnostic),
            other => Self::failed(other),
        }
    }
}

impl From<FolderError> for CommandError {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::Unusable(diagnostic) => Self::bad_input(diagnostic),
            FolderError::Taken(diagnostic) => Self::bad_input(diagnostic),
            other => Self::failed(other),
        }
    }
}

impl From<SideError> for CommandError {
    fn from(error: SideError) -> Self {
        match error {
            SideError::Journal(error) => error.into(),
            SideError::Scenario(diagnostic) => diagnostic.into(),
            SideError::Campaign { source: CampaignError::NoRig(error), .. } => error.into(),
            SideError::Campaign { .. } => Self::failed(error),
            other => Self::bad_input(other),
        }
    }
}

impl From<GoldenError> for CommandError {
    fn from(error: GoldenError) -> Self {
        match error {
            GoldenError::Scenario(error) => error.into(),
            GoldenError::Simulation(_) => Self::failed(error),
            other => Self::bad_input(other),
        }
    }
}

impl From<CheckError> for CommandError {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Side(error) => (*error).into(),
            other => Self::failed(other),
        }
    }
}

impl From<ConclusionError> for CommandError {
    fn from(error: ConclusionError) -> Self {
        match error {
            ConclusionError::Folder(error) => error.into(),
            ConclusionError::Scenario(diagnostic) => diagnostic.into(),
            other => Self::failed(other),
        }
    }
}

impl From<NoRig> for CommandError {
    fn from(error: NoRig) -> Self {
        Diagnostic::from(error).into()
    }
}

impl From<Diagnostic> for CommandError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::bad_input(diagnostic)
    }
}
