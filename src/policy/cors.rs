//! CORS headers of the gateway's own answers, as the Fetch standard defines them.
//!
//! Forwarded answers are left alone: the upstream has put its own on them.

use ::http::{HeaderMap, HeaderValue, header};

/// Whose browsers may read the answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// `*`; never together with credentials.
    Any,
    /// These, compared byte for byte.
    Listed(Vec<HeaderValue>),
}

/// What browsers are told.
#[derive(Debug, Clone)]
pub struct CorsPolicy {
    /// Whose browsers.
    pub origins: Origins,
    /// `Access-Control-Allow-Methods`.
    pub methods: HeaderValue,
    /// `Access-Control-Allow-Headers`; `None` echoes what the preflight asks for.
    pub headers: Option<HeaderValue>,
    /// `Access-Control-Expose-Headers`.
    pub exposed: Option<HeaderValue>,
    /// `Access-Control-Allow-Credentials: true`.
    pub credentials: Credentials,
    /// `Access-Control-Max-Age` in seconds.
    pub max_age: HeaderValue,
}

/// Whether browsers may send cookies along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// They may.
    Allow,
    /// They may not.
    Omit,
}

impl CorsPolicy {
    /// Adds the headers of an ordinary answer; nothing for an origin that is not allowed.
    pub fn decorate(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        let Some(allowed) = self.allow_origin(origin, headers) else {
            return;
        };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if self.credentials == Credentials::Allow {
            let value = HeaderValue::from_static("true");
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, value);
        }
        if let Some(exposed) = &self.exposed {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
    }

    /// Whether pages of this origin may use what the gateway guards.
    pub fn allows(&self, origin: &HeaderValue) -> bool {
        match &self.origins {
            Origins::Any => true,
            Origins::Listed(listed) => listed.contains(origin),
        }
    }

    /// The headers of a preflight's answer.
    pub fn preflight(&self, request: &HeaderMap, headers: &mut HeaderMap) {
        self.decorate(request.get(header::ORIGIN), headers);
        headers.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
        if !headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            return;
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
        let asked = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        if let Some(allowed) = self.headers.as_ref().or(asked) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed.clone());
        }
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
    }

    fn allow_origin(
        &self,
        origin: Option<&HeaderValue>,
        headers: &mut HeaderMap,
    ) -> Option<HeaderValue> {
        match &self.origins {
            Origins::Any => origin.map(|_| HeaderValue::from_static("*")),
            Origins::Listed(listed) => {
                // The answer differs by origin even for one that gets nothing: caches have to know.
                headers.append(header::VARY, HeaderValue::from_static("Origin"));
                origin.filter(|origin| listed.contains(origin)).cloned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(origins: Origins) -> CorsPolicy {
        CorsPolicy {
            origins,
            methods: HeaderValue::from_static("GET, POST"),
            headers: None,
            exposed: None,
            credentials: Credentials::Allow,
            max_age: HeaderValue::from_static("600"),
        }
    }

    #[test]
    fn only_listed_origins_are_named() {
        let listed = HeaderValue::from_static("https://app.example");
        let policy = policy(Origins::Listed(vec![listed.clone()]));
        let mut headers = HeaderMap::new();
        policy.decorate(Some(&listed), &mut headers);
        assert_eq!(headers.get("access-control-allow-origin"), Some(&listed));
        assert_eq!(
            headers.get("vary").map(HeaderValue::as_bytes),
            Some(&b"Origin"[..])
        );
        let mut headers = HeaderMap::new();
        let other = HeaderValue::from_static("https://app.example.evil");
        policy.decorate(Some(&other), &mut headers);
        assert!(!headers.contains_key("access-control-allow-origin"));
    }

    #[test]
    fn a_preflight_answers_what_was_asked() {
        let mut request = HeaderMap::new();
        request.insert("origin", HeaderValue::from_static("https://x.example"));
        request.insert(
            "access-control-request-headers",
            HeaderValue::from_static("authorization"),
        );
        let mut headers = HeaderMap::new();
        policy(Origins::Any).preflight(&request, &mut headers);
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        assert_eq!(text("access-control-allow-origin"), Some("*"));
        assert_eq!(text("access-control-allow-headers"), Some("authorization"));
        assert_eq!(text("access-control-allow-methods"), Some("GET, POST"));
    }
}
