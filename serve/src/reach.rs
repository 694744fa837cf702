//! Who can reach the page: this computer, or a network.

use std::fmt;
use std::str::FromStr;

/// Who can reach the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Programs and browsers on this computer.
    #[default]
    ThisComputer,
    /// Everybody who can reach the address. Browsers come by the address itself, or by one of these names.
    Network(Vec<SiteName>),
}

impl Reach {
    /// The names that were listed.
    pub fn names(&self) -> &[SiteName] {
        match self {
            Self::ThisComputer => &[],
            Self::Network(names) => names,
        }
    }
}

/// A name by which browsers come to the page: what their address bar shows, such as `lab-pc` or `https://twin.example.org`.
///
/// A browser tells the server the name by which it came, so that a foreign page whose name points at this computer gives
/// itself away. That is why names are listed, and why nothing stands for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteName {
    secure: bool,
    host: String,
    port: Port,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    /// The server's own.
    Own,
    /// The usual one of the scheme: a browser leaves it out.
    Usual,
    Other(u16),
}

impl SiteName {
    pub(crate) fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    fn port_at(&self, own: u16) -> u16 {
        match self.port {
            Port::Own => own,
            Port::Usual => self.usual(),
            Port::Other(port) => port,
        }
    }

    /// Whether it leads to a server at this port itself. Else it leads to a proxy: by TLS, or at another port.
    pub fn is_direct(&self, own: u16) -> bool {
        !self.secure && self.port_at(own) == own
    }

    /// Name and port as a browser gives them, for a server at this port.
    pub(crate) fn host(&self, own: u16) -> String {
        let port = self.port_at(own);
        if port == self.usual() { self.host.clone() } else { format!("{}:{port}", self.host) }
    }

    /// The page's address, for a server at this port.
    pub fn url(&self, own: u16) -> String {
        format!("{}://{}/", self.scheme(), self.host(own))
    }

    fn usual(&self) -> u16 {
        if self.secure { 443 } else { 80 }
    }
}

/// Why something is no name of a site.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "give a name as browsers show it, such as lab-pc, 192.168.1.5:8750 or https://twin.example.org: {0}"
)]
pub struct NotASite(&'static str);

impl FromStr for SiteName {
    type Err = NotASite;

    fn from_str(text: &str) -> Result<Self, NotASite> {
        let (secure, rest, scheme) =
            match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
                (Some(rest), _) => (true, rest, true),
                (_, Some(rest)) => (false, rest, true),
                _ if text.contains("://") => {
                    return Err(NotASite("only http and https are served"));
                }
                _ => (false, text, false),
            };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split(rest)?;
        let port = match (port, scheme) {
            (Some(port), _) => Port::Other(port),
            (None, true) => Port::Usual,
            (None, false) => Port::Own,
        };
        Ok(Self { secure, host, port })
    }
}

/// Name, as a browser gives it, and port.
fn split(text: &str) -> Result<(String, Option<u16>), NotASite> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            let port = port.parse().map_err(|_| NotASite("a port is a number from 1 to 65535"))?;
            (host, Some(port))
        }
        _ => (text, None),
    };
    if port == Some(0) {
        return Err(NotASite("a port is a number from 1 to 65535"));
    }
    if let Some(inner) = host.strip_prefix('[') {
        let inner =
            inner.strip_suffix(']').and_then(|inner| inner.parse::<std::net::Ipv6Addr>().ok());
        // A browser gives an address in its shortest form.
        return inner
            .map(|inner| (format!("[{inner}]"), port))
            .ok_or(NotASite("this is no IPv6 address"));
    }
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    match !host.is_empty() && host.chars().all(letter) {
        // A browser gives names in small letters.
        true => Ok((host.to_ascii_lowercase(), port)),
        false => Err(NotASite("a name has letters, digits, '-' and '.', and no path follows it")),
    }
}

impl fmt::Display for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_a_browser_shows() {
        let url = |text: &str| text.parse::<SiteName>().map(|name| name.url(8750));
        for (text, wanted) in [
            ("lab-pc", "http://lab-pc:8750/"),
            ("Lab-PC.example.org", "http://lab-pc.example.org:8750/"),
            ("192.168.1.5:9000", "http://192.168.1.5:9000/"),
            ("[fe80::1]", "http://[fe80::1]:8750/"),
            ("[fe80::1]:80", "http://[fe80::1]/"),
            ("[FE80:0:0:0:0:0:0:1]", "http://[fe80::1]:8750/"),
            ("https://[2001:0DB8::000a:0]", "https://[2001:db8::a:0]/"),
            ("http://lab-pc/", "http://lab-pc/"),
            ("https://twin.example.org", "https://twin.example.org/"),
            ("https://twin.example.org:8443", "https://twin.example.org:8443/"),
        ] {
            assert_eq!(url(text).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn a_name_with_the_port_of_the_server_leads_to_it_and_others_to_a_proxy() {
        let is_direct = |text: &str| text.parse::<SiteName>().unwrap().is_direct(8750);
        assert!(["lab-pc", "lab-pc:8750", "http://lab-pc:8750"].into_iter().all(is_direct));
        let of_proxies = ["http://lab-pc", "lab-pc:9000", "https://lab-pc", "https://lab-pc:8750"];
        assert!(!of_proxies.into_iter().any(is_direct));
    }

    #[test]
    fn what_could_stand_for_many_names_is_refused() {
        for text in [
            "",
            "*",
            "*.example.org",
            "lab-pc/page",
            "user@lab-pc",
            "ftp://lab-pc",
            "lab-pc:0",
            "lab-pc:http",
            "lab-pc:99999",
            "[::g]",
            "[::1",
            "a b",
            "https://",
            "lab-pc,other",
        ] {
            assert!(text.parse::<SiteName>().is_err(), "{text}");
        }
    }
}
