//! Messages to a webhook, one after the other, in a thread that nothing waits for.

use std::convert::Infallible;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::cli::HookUrl;
use crate::console;
use crate::error::CommandError;

/// How long one message may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Most messages that wait; further ones are given up.
const WAITING: usize = 64;

/// Longest begin of an answer that is read \[bytes\]: only its first line counts.
const HEAD_BYTES: usize = 4096;

/// The program that sends by TLS.
const CURL: &str = "curl";

/// Takes messages for a webhook. The thread behind it ends once this is dropped and the last message is sent.
#[derive(Debug)]
pub(super) struct Hook {
    queue: SyncSender<String>,
}

impl Hook {
    /// Starts the thread, which holds `under_way` until it ends.
    ///
    /// # Errors
    /// If the address needs a program that is not there.
    pub(super) fn new(
        url: &HookUrl,
        under_way: Option<Sender<Infallible>>,
    ) -> Result<Self, CommandError> {
        if url.is_secure() && !has_curl() {
            let message = "--notify-url: https needs the program curl, which is not there";
            return Err(CommandError::bad_input(message)
                .hint("install curl, or give an address with http://"));
        }
        let (queue, messages) = sync_channel(WAITING);
        let url = url.clone();
        thread::spawn(move || {
            send_all(&url, &messages);
            drop(under_way);
        });
        Ok(Self { queue })
    }

    /// Hands over a message, without waiting. Of a webhook that is so slow that too many wait, it is given up.
    pub(super) fn tell(&self, message: String) {
        let _given_up = self.queue.try_send(message);
    }
}

fn has_curl() -> bool {
    let mut curl = Command::new(CURL);
    curl.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    curl.status().is_ok_and(|status| status.success())
}

/// Sends messages as they come. The first that fails is told.
fn send_all(url: &HookUrl, messages: &Receiver<String>) {
    let mut told = false;
    for message in messages {
        let sent =
            if url.is_secure() { by_curl(url, &message) } else { post(url, &message, LIMIT) };
        if let Err(why) = sent
            && !told
        {
            told = true;
            console::say_line(format_args!(
                "note: --notify-url: {url}: {why}; if others fail, it is not said again"
            ));
        }
    }
}

/// Sends one message over TLS.
fn by_curl(url: &HookUrl, message: &str) -> Result<(), String> {
    let limit = LIMIT.as_secs().to_string();
    let mut curl = Command::new(CURL);
    curl.args(["--silent", "--show-error", "--fail", "--proto", "=https", "--max-time", &limit]);
    curl.args([
        "--header",
        "content-type: application/json",
        "--data-binary",
        "@-",
        "--url",
        url.text(),
    ]);
    // Ctrl-C is for the run.
    curl.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = curl.spawn().map_err(|error| error.to_string())?;
    if let Some(mut stdin) = child.stdin.take() {
        // That it has not been read shows in how the program ends.
        let _unread = stdin.write_all(message.as_bytes());
    }
    let done = child.wait_with_output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&done.stderr);
    match done.status.success() {
        true => Ok(()),
        false => Err(said.lines().next().map_or_else(|| done.status.to_string(), str::to_owned)),
    }
}

/// Sends one message over HTTP, and waits for the first line of the answer; all within `limit`.
fn post(url: &HookUrl, message: &str, limit: Duration) -> Result<(), String> {
    let end = Instant::now() + limit;
    let late = || {
        io::Error::new(
            io::ErrorKind::TimedOut,
            format!("no answer within {} s", limit.as_secs_f64()),
        )
    };
    let left = || {
        end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()).ok_or_else(late)
    };
    let sent = || -> io::Result<String> {
        let mut stream = connected(url, left)?;
        stream.set_write_timeout(Some(left()?))?;
        let (target, host, length) = (url.target(), url.authority(), message.len());
        let head = format!(
            "POST {target} HTTP/1.1\r\nhost: {host}\r\nuser-agent: flowtwin\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all((head + message).as_bytes())?;
        let mut answer = Vec::new();
        let mut bytes = [0; 256];
        while !answer.contains(&b'\n') && answer.len() < HEAD_BYTES {
            stream.set_read_timeout(Some(left()?))?;
            match stream.read(&mut bytes)? {
                0 => break,
                count => answer.extend_from_slice(&bytes[..count]),
            }
        }
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = sent().map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => late().to_string(),
        _ => error.to_string(),
    })?;
    let status = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.split_whitespace().nth(1));
    match status.and_then(|status| status.parse::<u16>().ok()) {
        Some(200..=299) => Ok(()),
        Some(status) => Err(format!("answers with status {status}")),
        None => Err("answers with something else than HTTP".to_owned()),
    }
}

/// A connection to the first address that takes one.
fn connected(url: &HookUrl, left: impl Fn() -> io::Result<Duration>) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in url.place().to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, left()?) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// What `post` says of a server that does this to its first connection.
    fn said_of(serve: impl FnOnce(TcpStream) + Send + 'static) -> Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let server = thread::spawn(move || serve(listener.accept().unwrap().0));
        let said = post(&url.parse().unwrap(), "{}", Duration::from_millis(400));
        server.join().unwrap();
        said
    }

    fn answering(answer: &'static [u8]) -> Result<(), String> {
        said_of(move |mut stream| {
            let mut head = [0; 1024];
            let _read = stream.read(&mut head);
            let _gone = stream.write_all(answer);
        })
    }

    #[test]
    fn only_an_answer_of_success_counts() {
        assert_eq!(answering(b"HTTP/1.1 204 No Content\r\n\r\n"), Ok(()));
        assert_eq!(answering(b"HTTP/1.0 200\n"), Ok(()));
        let refused = answering(b"HTTP/1.1 404 Not Found\r\n\r\n");
        assert_eq!(refused, Err("answers with status 404".to_owned()));
        assert_eq!(
            answering(b"HTTP/1.1 301 Moved\r\n\r\n"),
            Err("answers with status 301".to_owned())
        );
        for garbage in [&b""[..], b"\xff\0\n", b"SSH-2.0\r\n", &[b'x'; 100_000]] {
            assert!(answering(garbage).is_err());
        }
    }

    /// Neither a server that says nothing nor one that says a letter now and then takes longer than the limit.
    #[test]
    fn a_slow_server_is_given_up() {
        let wait = Duration::from_millis(100);
        let silent = said_of(move |stream| {
            thread::sleep(8 * wait);
            drop(stream);
        });
        assert_eq!(silent, Err("no answer within 0.4 s".to_owned()));
        let began = Instant::now();
        let dripping = said_of(move |mut stream| {
            let mut letters = 0;
            while letters < 300 && stream.write_all(b"H").is_ok() {
                letters += 1;
                thread::sleep(wait / 10);
            }
            assert!(letters < 300, "it was read to the end");
        });
        assert_eq!(dripping, Err("no answer within 0.4 s".to_owned()));
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
}
