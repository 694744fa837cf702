//! Where a program on the network is told what happens: `--notify-url`.

use std::fmt;
use std::str::FromStr;

/// The address of a program that takes messages by HTTP: a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookUrl {
    /// As it was typed: it may hold a secret.
    text: String,
    secure: bool,
    /// Name and port as in the address.
    authority: String,
    target: String,
}

impl HookUrl {
    /// The whole address.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is reached by TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Name and port, as a request names the server.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Name and port to connect to.
    pub fn place(&self) -> String {
        match split(&self.authority) {
            (_, Some(_)) => self.authority.clone(),
            (host, None) => format!("{host}:80"),
        }
    }

    /// What is asked for: path and query.
    pub fn target(&self) -> &str {
        &self.target
    }
}

/// Name and port; an IPv6 address stands in brackets.
fn split(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Why something is no address of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoHook(&'static str);

impl fmt::Display for NoHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(why) = self;
        write!(
            f,
            "give an address such as http://192.168.1.5:8123/hook or https://example.org/hook: {why}"
        )
    }
}

impl std::error::Error for NoHook {}

impl FromStr for HookUrl {
    type Err = NoHook;

    fn from_str(text: &str) -> Result<Self, NoHook> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NoHook(
                "it has blanks or characters that are not ASCII; write those as %20",
            ));
        }
        let (secure, rest) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(NoHook("it begins with http:// or https://")),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err(NoHook("no user and password are sent; use --notify 'curl …' for those"));
        }
        let (host, port) = split(authority);
        if host.is_empty() {
            return Err(NoHook("the name of the computer is missing"));
        }
        if port.is_some_and(|port| port.parse::<u16>().map_or(true, |port| port == 0)) {
            return Err(NoHook("a port is a number from 1 to 65535"));
        }
        // What follows '#' is for browsers.
        let target = target.split('#').next().unwrap_or_default();
        let slash = if target.starts_with('/') { "" } else { "/" };
        let (authority, target) = (authority.to_owned(), format!("{slash}{target}"));
        Ok(Self { text: text.to_owned(), secure, authority, target })
    }
}

/// Without the path: secrets stand there.
impl fmt::Display for HookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_and_what() {
        let parts = |text: &str| {
            let url: HookUrl = text.parse().unwrap();
            (url.place(), url.authority().to_owned(), url.target().to_owned(), url.is_secure())
        };
        let owned = |a: &str, b: &str, c: &str, secure| (a.into(), b.into(), c.into(), secure);
        assert_eq!(parts("http://lab"), owned("lab:80", "lab", "/", false));
        assert_eq!(parts("http://lab:81/a/b?c=d#e"), owned("lab:81", "lab:81", "/a/b?c=d", false));
        assert_eq!(parts("http://[::1]/x"), owned("[::1]:80", "[::1]", "/x", false));
        assert_eq!(parts("http://lab?x"), owned("lab:80", "lab", "/?x", false));
        assert!(parts("https://example.org/hook").3);
        let secret: HookUrl = "https://example.org/s3cret".parse().unwrap();
        assert_eq!(secret.to_string(), "example.org", "notes show no secret");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "lab",
            "ftp://lab/",
            "http://",
            "http:///x",
            "http://:80/",
            "http://lab:0/",
            "http://lab:x/",
            "http://me:secret@lab/",
            "http://lab/a b",
            "http://lab/\r\nhost: other",
            "http://läb/",
        ] {
            assert!(text.parse::<HookUrl>().is_err(), "{text}");
        }
    }
}
