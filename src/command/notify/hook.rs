//! Messages to a webhook, one after the other, in a thread that nothing waits for.

mod queue;

use std::cell::Cell;
use std::convert::Infallible;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use flowtwin_lab::child::apart;

use self::queue::Queue;
use crate::cli::HookUrl;
use crate::console;
use crate::error::CommandError;

/// How long one message may take, once the name of the address is resolved.
const LIMIT: Duration = Duration::from_secs(10);

/// Most messages that wait; with more, the oldest are dropped.
const WAITING: usize = 64;

/// Longest begin of an answer that is read \[bytes\]: only its first line counts.
const HEAD_BYTES: usize = 4096;

/// Where what is not wanted goes.
const NOWHERE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// The program that sends by TLS.
const CURL: &str = "curl";

/// Takes messages for a webhook. The thread behind it ends once this is dropped and the last message is sent.
#[derive(Debug)]
pub(super) struct Hook {
    url: HookUrl,
    queue: Arc<Queue>,
    /// Whether it was told that messages were dropped.
    told: Cell<bool>,
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
        let hook =
            Self { url: url.clone(), queue: Arc::new(Queue::new(WAITING)), told: Cell::new(false) };
        let (url, messages) = (hook.url.clone(), hook.queue.clone());
        thread::spawn(move || {
            send_all(&url, &messages);
            drop(under_way);
        });
        Ok(hook)
    }

    /// Where the messages go.
    pub(super) fn url(&self) -> &HookUrl {
        &self.url
    }

    /// Hands over a message, without waiting. If too many wait, the oldest is dropped. The first time, that is told.
    pub(super) fn tell(&self, message: String) {
        if self.queue.add(message) && !self.told.replace(true) {
            console::say_line(format_args!(
                "note: --notify-url: {}: more than {WAITING} messages wait; the oldest are dropped",
                self.url
            ));
        }
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn has_curl() -> bool {
    let mut curl = Command::new(CURL);
    curl.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    curl.status().is_ok_and(|status| status.success())
}

/// Sends messages as they come. The first that fails is told.
fn send_all(url: &HookUrl, messages: &Queue) {
    let mut told = false;
    while let Some(message) = messages.take() {
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
    // `--disable` counts only as the first: the user's .curlrc could follow redirects or add addresses.
    curl.args(["--disable", "--silent", "--show-error", "--globoff", "--proto", "=https"]);
    curl.args(["--max-time", &limit, "--output", NOWHERE, "--write-out", "%{http_code}"]);
    curl.args(["--header", "content-type: application/json", "--data-binary", "@-"]);
    curl.args(["--url", url.text()]);
    // Ctrl-C is for the run.
    apart(&mut curl).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = curl.spawn().map_err(|error| error.to_string())?;
    if let Some(mut stdin) = child.stdin.take() {
        // That it has not been read shows in how the program ends.
        let _unread = stdin.write_all(message.as_bytes());
    }
    let done = child.wait_with_output().map_err(|error| error.to_string())?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(said.lines().next().map_or_else(|| done.status.to_string(), str::to_owned));
    }
    judged(String::from_utf8_lossy(&done.stdout).trim().parse().ok())
}

/// Only a status from 200 to 299 is success: a redirect, which is not followed, delivers nothing.
fn judged(status: Option<u16>) -> Result<(), String> {
    match status {
        Some(200..=299) => Ok(()),
        Some(status) => Err(format!("answers with status {status}")),
        None => Err("answers with something else than HTTP".to_owned()),
    }
}

/// Sends one message over HTTP, and waits for the first line of the answer; all within `limit`, except that the system
/// resolves a name in its own time.
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
    judged(status.and_then(|status| status.parse().ok()))
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
    use std::sync::mpsc::{RecvTimeoutError, channel};

    use super::*;

    /// Long enough for the slowest machine; nothing waits for it where all is well.
    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(400);

    /// What `post` says, within `limit`, of a server that does this to its first connection.
    fn said_of(
        limit: Duration,
        serve: impl FnOnce(TcpStream) + Send + 'static,
    ) -> Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let stream = listener.accept().unwrap().0;
            stream.set_read_timeout(Some(LONG)).unwrap();
            serve(stream);
        });
        let said = post(&format!("http://{address}/hook").parse().unwrap(), "{}", limit);
        // If the limit was over before there was a connection, the server gets this one.
        drop(TcpStream::connect(address));
        server.join().unwrap();
        said
    }

    fn answering(answer: &'static [u8]) -> Result<(), String> {
        said_of(LONG, move |mut stream| {
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

    /// The limit holds for a server that says nothing, and for one that says a letter now and then.
    #[test]
    fn a_slow_server_is_given_up() {
        let silent = said_of(SHORT, |mut stream| {
            let _until_it_is_given_up = stream.read_to_end(&mut Vec::new());
        });
        assert_eq!(silent, Err("no answer within 0.4 s".to_owned()));
        let dripping = said_of(SHORT, |mut stream| {
            let mut letters = 0;
            while stream.write_all(b"H").is_ok() {
                letters += 1;
                assert!(letters < HEAD_BYTES / 2, "it is read on and on");
                thread::sleep(Duration::from_millis(20));
            }
        });
        assert_eq!(dripping, Err("no answer within 0.4 s".to_owned()));
    }

    #[test]
    fn a_slow_server_hears_the_last_of_many_messages() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let (under_way, over) = channel();
        let hook = Hook::new(&url, Some(under_way)).unwrap();
        // Nobody answers the first.
        (0..3 * WAITING).for_each(|number| hook.tell(format!("message {number};")));
        drop(hook);
        let (told, heard) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream.set_read_timeout(Some(LONG)).unwrap();
                let (mut text, mut bytes) = (String::new(), [0; 1024]);
                while let Ok(count @ 1..) = stream.read(&mut bytes) {
                    text += &String::from_utf8_lossy(&bytes[..count]);
                    if text.ends_with(';') {
                        break;
                    }
                }
                told.send(text).unwrap();
                let _gone = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
            }
        });
        assert_eq!(over.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected), "the thread ends");
        let heard: Vec<String> = heard.try_iter().collect();
        assert!(heard.len() < 2 * WAITING, "{} of them wait", heard.len());
        let last = format!("message {};", 3 * WAITING - 1);
        assert!(heard.last().unwrap().ends_with(&last), "{heard:?}");
    }
}
