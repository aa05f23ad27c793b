//! Which methods a route takes.

use ::http::Method;

/// The methods that sidegate routes. `CONNECT` and `TRACE` are never served (RFC 9110 sections 9.3.6 and 9.3.8).
const KNOWN: [(Method, u8); 7] = [
    (Method::GET, 1),
    (Method::HEAD, 1 << 1),
    (Method::POST, 1 << 2),
    (Method::PUT, 1 << 3),
    (Method::DELETE, 1 << 4),
    (Method::PATCH, 1 << 5),
    (Method::OPTIONS, 1 << 6),
];

/// The methods of RFC 4918, RFC 3253, RFC 5323 and RFC 4791.
const WEBDAV: [&str; 14] = [
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "REPORT",
    "SEARCH",
    "MKCALENDAR",
    "CHECKIN",
    "CHECKOUT",
    "MERGE",
    "LABEL",
];

/// A set of methods, or any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MethodSet {
    /// Every method but `CONNECT` and `TRACE`.
    Any,
    /// Exactly these; `GET` has brought `HEAD` along.
    Listed {
        /// Bits of the known methods.
        known: u8,
        /// Extension methods, such as `PROPFIND`.
        extensions: Vec<Method>,
    },
}

/// Why a method cannot stand in a route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MethodError {
    /// Not a word in upper case. RFC 9110 section 9.1 allows more, such as `get` and `*`, which no client sends.
    #[error("`{0}` is not a method")]
    Unknown(String),
    /// `CONNECT` or `TRACE`.
    #[error("{0} is never served")]
    NeverServed(String),
}

impl MethodSet {
    /// Parses `GET,PUT`.
    pub fn parse(text: &str) -> Result<Self, MethodError> {
        let mut known = 0;
        let mut extensions = Vec::new();
        for name in text.split(',') {
            let unknown = || MethodError::Unknown(name.to_owned());
            if !is_usual(name) {
                return Err(unknown());
            }
            let method = Method::from_bytes(name.as_bytes()).map_err(|_| unknown())?;
            if !is_served(&method) {
                return Err(MethodError::NeverServed(name.to_owned()));
            }
            match bit(&method) {
                Some(bit) => known |= bit,
                None => extensions.push(method),
            }
        }
        if known & 1 != 0 {
            known |= 1 << 1;
        }
        Ok(Self::Listed { known, extensions })
    }

    /// Whether the set has this method.
    pub fn contains(&self, method: &Method) -> bool {
        match self {
            Self::Any => is_served(method),
            Self::Listed { known, extensions } => match bit(method) {
                Some(bit) => known & bit != 0,
                None => extensions.contains(method),
            },
        }
    }

    /// Whether both have a method in common, neither being [`MethodSet::Any`]: `Any` is the fallback of the listed.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, Self::Any) => true,
            (Self::Any, Self::Listed { .. }) | (Self::Listed { .. }, Self::Any) => false,
            (
                Self::Listed { known, extensions },
                Self::Listed {
                    known: others,
                    extensions: more,
                },
            ) => known & others != 0 || extensions.iter().any(|method| more.contains(method)),
        }
    }

    /// Whether every method of `other` is in this set.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Listed { .. }, Self::Any) => false,
            (
                Self::Listed { known, extensions },
                Self::Listed {
                    known: others,
                    extensions: more,
                },
            ) => others & !known == 0 && more.iter().all(|method| extensions.contains(method)),
        }
    }

    /// The names, for an `Allow` header (RFC 9110 section 10.2.1).
    pub fn names(&self) -> Vec<&str> {
        let known = KNOWN.iter().map(|(method, _)| method);
        match self {
            Self::Any => known.map(Method::as_str).collect(),
            Self::Listed { extensions, .. } => known
                .filter(|method| self.contains(method))
                .chain(extensions)
                .map(Method::as_str)
                .collect(),
        }
    }

    /// Methods that are neither the usual ones nor of `WebDAV`: perhaps a slip of the pen.
    pub fn unusual(&self) -> impl Iterator<Item = &Method> {
        let extensions: &[Method] = match self {
            Self::Any => &[],
            Self::Listed { extensions, .. } => extensions,
        };
        extensions
            .iter()
            .filter(|method| !WEBDAV.contains(&method.as_str()))
    }

    /// Listed methods are more specific than any.
    pub fn specificity(&self) -> u8 {
        match self {
            Self::Listed { .. } => 0,
            Self::Any => 1,
        }
    }
}

/// `GET`, `M-SEARCH`, `BASELINE-CONTROL`.
fn is_usual(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_uppercase();
    name.bytes().next().is_some_and(letter)
        && name
            .bytes()
            .all(|byte| letter(byte) || b"-_".contains(&byte))
}

/// Whether the gateway serves the method at all.
pub fn is_served(method: &Method) -> bool {
    method != Method::CONNECT && method != Method::TRACE
}

fn bit(method: &Method) -> Option<u8> {
    KNOWN
        .iter()
        .find(|(known, _)| known == method)
        .map(|&(_, bit)| bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn get_implies_head() {
        let set = MethodSet::parse("GET,PROPFIND").expect("methods");
        assert_eq!(set.names(), ["GET", "HEAD", "PROPFIND"]);
        assert!(set.contains(&Method::HEAD));
        assert!(!set.contains(&Method::POST));
        assert!(set.overlaps(&MethodSet::parse("HEAD").expect("methods")));
        assert!(MethodSet::Any.covers(&set) && !set.covers(&MethodSet::Any));
    }

    #[test]
    fn what_is_no_method_is_refused() {
        for text in ["get", "GE T", "", "GET,", "GET;PUT", "*", "-"] {
            assert!(
                matches!(MethodSet::parse(text), Err(MethodError::Unknown(_))),
                "{text}"
            );
        }
        assert!(matches!(
            MethodSet::parse("TRACE"),
            Err(MethodError::NeverServed(_))
        ));
        assert!(!MethodSet::Any.contains(&Method::CONNECT));
    }
}
