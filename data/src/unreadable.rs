//! Files that cannot be read, and which file was probably meant.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use flowtwin_lab::nearest;

use crate::diagnostic::Diagnostic;

/// The error that the file or folder at `path` cannot be read because of `error`.
///
/// If it is not there and another one beside it has nearly the same name, the hint names that one.
pub fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let complaint = Diagnostic::new(format!("cannot read {}: {error}", path.display()));
    match likely(path).filter(|_| error.kind() == ErrorKind::NotFound) {
        Some(meant) => complaint.hint(format!("did you mean `{}`?", meant.display())),
        None => complaint,
    }
}

/// The entry of the nearest folder there is whose name is most like that of `path`.
fn likely(path: &Path) -> Option<PathBuf> {
    let gone = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
    let missing = path.ancestors().take_while(gone).last()?;
    let parent = missing.parent()?;
    let name = missing.file_name()?.to_str()?;
    let folder = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let entries = folder.read_dir().ok()?.flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    let meant = parent.join(nearest(name, &names)?);
    let rest = path.strip_prefix(missing).ok()?;
    let whole = if rest.as_os_str().is_empty() { meant } else { meant.join(rest) };
    whole.exists().then_some(whole)
}
