//! How this program is started again, as the watch beside a rig.

use std::ffi::OsString;
use std::io;
use std::process::Command;
use std::sync::OnceLock;

/// The program and what stands before its arguments, where that is not the file of this process.
static PROGRAM: OnceLock<Vec<OsString>> = OnceLock::new();

/// Has the program started again by this command, its arguments after these words: an interpreter that runs this code is no
/// `flowtwin` by itself. Whoever comes second is not heard.
pub fn is_started_by(words: Vec<OsString>) {
    let _first = PROGRAM.set(words);
}

/// The command that starts this program again, without its arguments.
///
/// # Errors
/// If the system does not tell which file this process runs.
pub fn again() -> io::Result<Command> {
    match PROGRAM.get().and_then(|words| words.split_first()) {
        Some((program, before)) => {
            let mut command = Command::new(program);
            command.args(before);
            Ok(command)
        }
        None => std::env::current_exe().map(Command::new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_inside_an_interpreter_is_started_by_it() {
        let file = again().expect("the file of this test").get_program().to_owned();
        assert_eq!(file, std::env::current_exe().expect("the file of this test"));
        is_started_by(["python3", "-m", "flowtwin"].map(OsString::from).to_vec());
        let command = again().expect("it was told");
        assert_eq!(command.get_program(), "python3");
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["-m", "flowtwin"]);
    }
}
