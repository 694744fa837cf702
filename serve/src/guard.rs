//! Whose requests are answered: the page of this server, in a browser on this computer, and programs here.

use std::net::SocketAddr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};

/// The names under which a browser on this computer reaches a server at this address.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    hosts: Vec<String>,
}

impl Guard {
    /// For a server at `address`.
    pub(crate) fn new(address: SocketAddr) -> Self {
        let port = address.port();
        let bound = SocketAddr::new(address.ip(), 0).to_string();
        let bound = bound.trim_end_matches(":0").to_owned();
        let names = ["127.0.0.1", "localhost", "[::1]"].map(str::to_owned).into_iter();
        let hosts = names.chain([bound]).flat_map(|host| {
            // A browser leaves the usual port out.
            let usual = (port == 80).then(|| host.clone());
            usual.into_iter().chain([format!("{host}:{port}")])
        });
        Self { hosts: hosts.collect() }
    }

    /// Whether a request may be answered.
    ///
    /// The host is the server that the browser has addressed: a foreign page whose name leads to this computer gives the
    /// foreign name. The origin is the page that asks: a foreign page can neither read nor command anything.
    ///
    /// # Errors
    /// The status that is answered instead, with words.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
        let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or("?").to_owned();
        let host = headers.get(HOST).map(text).unwrap_or_default();
        if headers.get_all(HOST).iter().count() != 1 || !self.hosts.contains(&host) {
            return Err((StatusCode::MISDIRECTED_REQUEST, "this host is not served here\n"));
        }
        let is_own = |origin: &axum::http::HeaderValue| {
            let origin = text(origin);
            self.hosts.iter().any(|host| origin == format!("http://{host}"))
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
        Guard::new(address.parse().unwrap()).admits(&map).is_ok()
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
        assert!(!admitted(&[("host", "stranger.example:8750")]), "a name that was led here");
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
