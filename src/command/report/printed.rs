//! A report as a PDF or as a picture, printed by a browser that is installed.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use flowtwin_lab::child::{Complaints, ended_within};

use crate::error::CommandError;

/// Names of the programs that can print a page, the freest first.
const BROWSERS: [&str; 7] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "chrome",
    "msedge",
];

/// How long a browser may take for one page. One of 3 877 experiments took 19 s to open on a busy computer.
const PATIENCE: Duration = Duration::from_secs(180);

/// What a page is printed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Print {
    /// All of it, on pages of paper.
    Pdf,
    /// Its first screen.
    Png,
}

impl Print {
    fn ending(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
        }
    }

    /// How such a file begins.
    fn signature(self) -> &'static [u8] {
        match self {
            Self::Pdf => b"%PDF-",
            Self::Png => b"\x89PNG",
        }
    }

    fn options(self, to: &Path) -> Vec<String> {
        let to = to.display();
        match self {
            Self::Pdf => vec!["--no-pdf-header-footer".into(), format!("--print-to-pdf={to}")],
            Self::Png => vec![
                "--window-size=1200,1600".into(),
                "--hide-scrollbars".into(),
                format!("--screenshot={to}"),
            ],
        }
    }
}

/// A program that prints pages.
#[derive(Debug)]
pub(super) struct Browser(PathBuf);

impl Browser {
    /// The browser with this name, or the first that is installed.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn find(named: Option<&Path>) -> Result<Self, CommandError> {
        let mut names = match named {
            Some(name) => vec![name.to_owned()],
            None => BROWSERS.map(PathBuf::from).to_vec(),
        };
        names.retain(|name| answers(name));
        names.into_iter().next().map(Self).ok_or_else(|| match named {
            Some(name) => {
                let message = format!("--browser {}: this program does not run", name.display());
                CommandError::bad_input(message).hint("give the path of Chromium, Chrome or Edge")
            }
            None => CommandError::bad_input("no browser was found that can print the report")
                .hint("install Chromium, Chrome or Edge, or name the program with --browser")
                .hint("or open report.html and print it there"),
        })
    }

    /// Prints a page beside it, in place of an earlier print. Returns where the print is.
    ///
    /// # Errors
    /// If the browser fails or takes too long. An earlier print then stays.
    pub(super) fn print(&self, page: &Path, print: Print) -> Result<PathBuf, CommandError> {
        let whole =
            fs::canonicalize(page).map_err(|error| CommandError::unwritable(page, &error))?;
        let place = page.with_extension(print.ending());
        let beside = |what: &str| {
            let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
            whole.with_file_name(format!(".{}-{what}{name}", std::process::id()))
        };
        let (fresh, profile) = (beside(""), beside("browser-"));
        let printed = self.run(&whole, print, &fresh, &profile);
        let _removed = fs::remove_dir_all(&profile);
        let renamed = printed.and_then(|()| {
            fs::rename(&fresh, &place).map_err(|error| CommandError::unwritable(&place, &error))
        });
        if renamed.is_err() {
            let _removed = fs::remove_file(&fresh);
        }
        renamed.map(|()| place)
    }

    fn run(
        &self,
        page: &Path,
        print: Print,
        fresh: &Path,
        profile: &Path,
    ) -> Result<(), CommandError> {
        let name = self.0.display();
        let mut command = Command::new(&self.0);
        command.args(["--headless", "--disable-gpu", "--no-first-run", "--disable-sync"]);
        command.args(["--disable-background-networking", "--disable-component-update"]);
        command.arg(format!("--user-data-dir={}", profile.display()));
        // The sandbox of Chromium does not start as root. The page is our own and asks for nothing.
        if is_root() {
            command.arg("--no-sandbox");
        }
        command.args(print.options(fresh)).arg(url(page));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|error| CommandError::failed(format_args!("cannot start {name}: {error}")))?;
        let complaints = Complaints::default();
        if let Some(stderr) = child.stderr.take() {
            complaints.keep(stderr);
        }
        match ended_within(&mut child, PATIENCE) {
            Some(status) if status.success() && begins_with(fresh, print.signature()) => Ok(()),
            Some(status) => {
                complaints.heard_out(Duration::from_secs(1));
                let what = page.display();
                Err(CommandError::failed(format_args!(
                    "{name} did not print {what} ({status}){complaints}"
                )))
            }
            None => {
                end(&mut child);
                let within = PATIENCE.as_secs();
                Err(CommandError::failed(format_args!("{name} did not end within {within} s")))
            }
        }
    }
}

/// Whether a program tells its version.
fn answers(program: &Path) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let status = ended_within(&mut child, Duration::from_secs(20));
    if status.is_none() {
        end(&mut child);
    }
    status.is_some_and(|status| status.success())
}

fn end(child: &mut Child) {
    let _killed = child.kill();
    let _ended = child.wait();
}

fn begins_with(file: &Path, signature: &[u8]) -> bool {
    let mut beginning = vec![0; signature.len()];
    let read = fs::File::open(file).and_then(|mut file| file.read_exact(&mut beginning));
    read.is_ok() && beginning == signature
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// The address of a file, for a browser (RFC 8089).
fn url(file: &Path) -> String {
    let path = file.to_string_lossy().replace('\\', "/");
    let path = path.strip_prefix("//?/").unwrap_or(&path);
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "file:///" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' | b':' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_file_holds_any_name() {
        let file = Path::new("/runs/dye #1, 50 %/ü?.html");
        assert_eq!(url(file), "file:///runs/dye%20%231%2C%2050%20%25/%C3%BC%3F.html");
    }
}
