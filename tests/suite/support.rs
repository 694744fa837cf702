//! What the tests share: the command, folders to write to, scenarios, snapshots.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The scenario files of the repository, in order of name.
pub(crate) fn scenario_files() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("scenarios")).expect("scenarios/ is there");
    let paths = entries.map(|entry| entry.expect("scenarios/ can be read").path());
    let mut files: Vec<PathBuf> =
        paths.filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    files
}

/// An empty folder of this name, below the build's own.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.exists() {
        fs::remove_dir_all(&path).expect("an old folder can be removed");
    }
    fs::create_dir_all(&path).expect("a folder can be made");
    path
}

/// The command, in a folder of its own.
pub(crate) fn flowtwin(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowtwin"));
    command.current_dir(dir);
    command
}

/// What a command did.
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the command with arguments in a folder.
pub(crate) fn run(dir: &Path, args: &[&str]) -> Done {
    done(flowtwin(dir).args(args).output().expect("the command starts"))
}

/// The outcome of a command as text.
pub(crate) fn done(output: Output) -> Done {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command writes text");
    Done { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Runs the command with these lines on its standard input.
pub(crate) fn typed(dir: &Path, args: &[&str], lines: &str) -> Done {
    let mut command = flowtwin(dir);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    done(child.wait_with_output().unwrap())
}

/// Compares text with the snapshot `snapshots/<group>/<name>.snap`.
pub(crate) fn compare(group: &str, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root().join("snapshots").join(group));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// As [`compare`], of how numbers are laid out: their digits are for the snapshots of scenarios, which say by how much they move.
pub(crate) fn compare_layout(group: &str, name: &str, text: &str) {
    let masked = |c: char| if c.is_ascii_digit() { '#' } else { c };
    compare(group, name, &text.chars().map(masked).collect::<String>());
}

/// A small scenario file `<name>.toml` in `dir` that extends one of the repository.
pub(crate) fn scenario(dir: &Path, name: &str, base: &str, body: &str) -> PathBuf {
    let base = root().join("scenarios").join(base);
    let text = format!(
        "schema = 1\nextends = {:?}\nname = \"{name}\"\n{body}",
        base.display().to_string()
    );
    let path = dir.join(format!("{name}.toml"));
    fs::write(&path, text).expect("a scenario can be written");
    path
}

/// Every file below a folder with its bytes, in order of name.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(n, b)| (format!("{name}/{n}"), b)));
        } else {
            found.push((name, fs::read(&path).expect("the file can be read")));
        }
    }
    found.sort();
    found
}
