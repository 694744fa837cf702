//! Whose requests are answered: the pages of this server, in a browser that came by a name that is served, and programs.

use std::net::SocketAddr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};

use crate::reach::Reach;

/// The names under which a browser reaches a server at this address.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    sites: Vec<Site>,
}

/// What a browser's requests name: the server that it asks, and the page that has it ask.
#[derive(Clone, Debug)]
struct Site {
    host: String,
    origin: String,
}

impl Guard {
    /// For a server at `address`.
    pub(crate) fn new(address: SocketAddr, reach: &Reach) -> Self {
        let port = address.port();
        let bound = SocketAddr::new(address.ip(), 0).to_string();
        let bound = bound.trim_end_matches(":0").to_owned();
        let names = ["127.0.0.1", "localhost", "[::1]"].map(str::to_owned).into_iter();
        let bound = (!address.ip().is_unspecified()).then_some(bound);
        let own = names.chain(bound).flat_map(|name| {
            let host = format!("{name}:{port}");
            // A browser leaves the usual port out, and a program may not.
            let shown = if port == 80 { name } else { host.clone() };
            let origin = format!("http://{shown}");
            [shown, host].map(|host| Site { host, origin: origin.clone() })
        });
        let named = reach.names().iter().map(|name| {
            let host = name.host(port);
            let origin = format!("{}://{host}", name.scheme());
            Site { host, origin }
        });
        Self { sites: own.chain(named).collect() }
    }

    /// Whether a request may be answered.
    ///
    /// The host is the server that the browser has addressed: a foreign page whose name points at this computer gives the
    /// foreign name. The origin is the page that asks: it must be that of the same site, so that a foreign page can neither
    /// read nor command anything, and no other page of this computer can either.
    ///
    /// # Errors
    /// The status that is answered instead, with words.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
        let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or("?").to_owned();
        let host = headers.get(HOST).map(text).unwrap_or_default();
        let addressed: Vec<&Site> = self.sites.iter().filter(|site| site.host == host).collect();
        if headers.get_all(HOST).iter().count() != 1 || addressed.is_empty() {
            return Err((StatusCode::MISDIRECTED_REQUEST, "this host is not served here\n"));
        }
        let is_own = |origin: &axum::http::HeaderValue| {
            let origin = text(origin);
            addressed.iter().any(|site| site.origin == origin)
        };
        if !headers.get_all(ORIGIN).iter().all(is_own) {
            return Err((StatusCode::FORBIDDEN, "another page may not ask here\n"));
        }
        let site = headers.get("sec-fetch-site").map(text);
        match site.as_deref() {
            None | Some("same-origin" | "none") => Ok(()),
            Some(_) => Err((StatusCode::FORBIDDEN, "another page may not ask here\n")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(headers: &[(&'static str, &'static str)]) -> bool {
        admitted_at("127.0.0.1:8750", headers)
    }

    fn admitted_at(address: &str, headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Guard::new(address.parse().unwrap(), &Reach::default()).admits(&map).is_ok()
    }

    #[test]
    fn on_a_network_the_names_that_were_listed_are_admitted_and_no_others() {
        let names = ["lab-pc", "lab.example.org:9000", "https://twin.example.org"];
        let reach = Reach::Network(names.map(|name| name.parse().unwrap()).to_vec());
        let guard = Guard::new("192.0.2.7:8750".parse().unwrap(), &reach);
        let admitted = |host: &str, origin: Option<&str>| {
            let mut map = HeaderMap::new();
            map.insert(HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                map.insert(ORIGIN, origin.parse().unwrap());
            }
            guard.admits(&map).is_ok()
        };
        for (host, origin) in [
            ("192.0.2.7:8750", "http://192.0.2.7:8750"),
            ("lab-pc:8750", "http://lab-pc:8750"),
            ("lab.example.org:9000", "http://lab.example.org:9000"),
            ("twin.example.org", "https://twin.example.org"),
        ] {
            assert!(admitted(host, None) && admitted(host, Some(origin)), "{host}");
        }
        // A foreign name that points here, another port.
        for host in ["lab-pc", "lab-pc:80", "rebound.example:8750", "twin.example.org:8750"] {
            assert!(!admitted(host, None), "{host}");
        }
        for origin in ["http://lab-pc", "http://twin.example.org", "https://lab-pc:8750", "null"] {
            assert!(!admitted("lab-pc:8750", Some(origin)), "{origin}");
        }
        // Each is served here, but another was addressed: localhost is the browser's own computer.
        for origin in ["http://localhost:8750", "http://192.0.2.7:8750", "https://twin.example.org"]
        {
            assert!(!admitted("lab-pc:8750", Some(origin)), "{origin}");
        }
        assert!(!admitted("twin.example.org", Some("http://lab-pc:8750")));
    }

    #[test]
    fn own_page_and_programs_are_admitted() {
        assert!(admitted(&[("host", "127.0.0.1:8750")]));
        assert!(admitted(&[("host", "localhost:8750"), ("origin", "http://localhost:8750")]));
        assert!(admitted(&[("host", "[::1]:8750"), ("sec-fetch-site", "same-origin")]));
        assert!(admitted(&[("host", "127.0.0.1:8750"), ("sec-fetch-site", "none")]));
    }

    #[test]
    fn the_address_that_was_printed_is_admitted_whichever_it_is() {
        for (address, host, origin) in [
            ("127.0.0.2:9000", "127.0.0.2:9000", "http://127.0.0.2:9000"),
            ("127.0.0.2:80", "127.0.0.2", "http://127.0.0.2"),
            ("127.0.0.1:80", "localhost", "http://localhost"),
            ("[::1]:80", "[::1]", "http://[::1]"),
            ("127.0.0.1:80", "127.0.0.1:80", "http://127.0.0.1"),
        ] {
            assert!(admitted_at(address, &[("host", host), ("origin", origin)]), "{host}");
        }
        assert!(!admitted_at("127.0.0.1:80", &[("host", "127.0.0.2")]), "another address");
        assert!(!admitted(&[("host", "127.0.0.1")]), "the usual port is another");
        assert!(!admitted_at("127.0.0.1:80", &[("host", "stranger.example")]));
    }

    #[test]
    fn strangers_are_not() {
        assert!(!admitted(&[]), "no host");
        assert!(!admitted(&[("host", "stranger.example:8750")]), "a name that points here");
        assert!(!admitted(&[("host", "127.0.0.1:9999")]), "another port");
        assert!(!admitted(&[("host", "127.0.0.1:8750"), ("host", "stranger.example")]));
        for origin in
            ["http://stranger.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:8750"]
        {
            assert!(!admitted(&[("host", "127.0.0.1:8750"), ("origin", origin)]), "{origin}");
        }
        assert!(!admitted(&[("host", "127.0.0.1:8750"), ("sec-fetch-site", "cross-site")]));
        assert!(!admitted(&[("host", "127.0.0.1:8750"), ("sec-fetch-site", "same-site")]));
    }
}
