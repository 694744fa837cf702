//! The files of the page, built into the program.

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::header::{HeaderName, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use axum::response::IntoResponse;

/// A file: where it is, its type, and what is in it.
type File = (&'static str, &'static str, &'static str);

/// All files that the page loads.
pub(crate) const FILES: [File; 11] = [
    ("/", "text/html; charset=utf-8", include_str!("../web/index.html")),
    ("/page.css", "text/css; charset=utf-8", include_str!("../web/page.css")),
    ("/page.js", JAVASCRIPT, include_str!("../web/page.js")),
    ("/run.js", JAVASCRIPT, include_str!("../web/run.js")),
    ("/belief.js", JAVASCRIPT, include_str!("../web/belief.js")),
    ("/review.js", JAVASCRIPT, include_str!("../web/review.js")),
    ("/rig.js", JAVASCRIPT, include_str!("../web/rig.js")),
    ("/charts.js", JAVASCRIPT, include_str!("../web/charts.js")),
    ("/words.js", JAVASCRIPT, include_str!("../web/words.js")),
    ("/uplot.js", JAVASCRIPT, include_str!("../web/vendor/uPlot.iife.min.js")),
    ("/uplot.css", "text/css; charset=utf-8", include_str!("../web/vendor/uPlot.min.css")),
];

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// What the page may load: its own files, and nothing of anybody else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The headers of every answer.
pub(crate) const HEAD: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The answer with one of the files.
pub(crate) fn file(file: File) -> impl IntoResponse {
    ([(CONTENT_TYPE, file.1)], file.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of two types browsers take one or the other.
    #[test]
    fn every_file_has_one_type() {
        for known in FILES {
            let answer = file(known).into_response();
            let types: Vec<_> = answer.headers().get_all(CONTENT_TYPE).iter().collect();
            assert_eq!(types, [known.1], "{}", known.0);
        }
    }
}
