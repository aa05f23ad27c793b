//! The fields that no client may send, under any spelling.
//!
//! `X-User-Id`, `x_user_id` and `X.User.Id` reach many upstreams as one variable (CGI, WSGI, PHP), so names are
//! compared after folding: lower case, and everything that is neither a letter nor a digit as `_`.

/// Fields by which upstreams and frameworks take a proxy's word, so that a client could speak for the gateway.
const NAMES: [&str; 32] = [
    // Where the client is.
    "forwarded",
    "forwarded-for",
    "x-forwarded",
    "x-real-ip",
    "x-client-ip",
    "client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "fastly-client-ip",
    "x-cluster-client-ip",
    "x-originating-ip",
    "proxy-client-ip",
    "wl-proxy-client-ip",
    // Which request this is: the policy has seen the method, the path and the Host of the request line alone.
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-rewrite-url",
    "x-override-url",
    "x-host",
    "x-http-host-override",
    "x-script-name",
    // gunicorn takes these from a proxy on the same machine.
    "script-name",
    "path-info",
    // Whose certificate was checked (RFC 9440, and what was there before it).
    "client-cert",
    "client-cert-chain",
    "x-client-cert",
    "x-client-verify",
    "x-client-dn",
    // What servers tell each other about files.
    "x-sendfile-type",
    // A CGI upstream would take it for its own proxy setting.
    "proxy",
    "x-request-id",
];

/// Families of such fields.
const PREFIXES: [&str; 13] = [
    "x-forwarded-",
    "x-original-",
    "x-sidegate-",
    // Who the client is, as other proxies and gateways say it.
    "remote-",
    "x-remote-",
    "x-authenticated-",
    "x-auth-request-",
    "x-webauth-",
    "ssl-client-",
    "x-ssl-client-",
    // What servers and frameworks tell each other: Envoy, nginx and Rack, Next.js.
    "x-envoy-",
    "x-accel-",
    "x-middleware-",
];

/// The fields whose every spelling is removed from a request before the gateway adds its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stripped {
    /// Folded names.
    names: Vec<Box<str>>,
    /// Folded prefixes, such as `x_forwarded_`.
    prefixes: Vec<Box<str>>,
    /// Folded names that are not removed although a prefix covers them.
    kept: Vec<Box<str>>,
    /// For each first letter, and anything else: bit `n` is set when a name of length `n` may be covered. Most fields are
    /// dismissed by this alone.
    lengths: [u64; 27],
}

impl Stripped {
    /// The usual fields without those of `kept`, and those of `further` in any case.
    pub fn new<'a>(
        further: impl IntoIterator<Item = &'a str>,
        kept: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let kept: Vec<Box<str>> = kept.into_iter().map(fold).collect();
        let usual = NAMES.into_iter().map(fold);
        let usual = usual.filter(|name| !kept.contains(name));
        let names: Vec<Box<str>> = further.into_iter().map(fold).chain(usual).collect();
        let prefixes = PREFIXES.into_iter().map(fold).collect();
        Self::of(names, prefixes, kept)
    }

    /// These names in all their spellings and nothing else.
    pub fn only<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names = names.into_iter().map(fold).collect();
        Self::of(names, Vec::new(), Vec::new())
    }

    fn of(names: Vec<Box<str>>, prefixes: Vec<Box<str>>, kept: Vec<Box<str>>) -> Self {
        let mut lengths = [0; 27];
        let covered = names.iter().map(|name| (name, length_bit(name.len())));
        let longer = |prefix: &str| !0 << prefix.len().min(63);
        let covered = covered.chain(prefixes.iter().map(|prefix| (prefix, longer(prefix))));
        for (name, bits) in covered {
            if let Some(known) = lengths.get_mut(initial(name)) {
                *known |= bits;
            }
        }
        Self {
            names,
            prefixes,
            kept,
            lengths,
        }
    }

    /// Whether this field may not come from a client.
    pub fn covers(&self, name: &str) -> bool {
        let lengths = self.lengths.get(initial(name));
        lengths.is_some_and(|lengths| lengths & length_bit(name.len()) != 0) && self.lists(name)
    }

    fn lists(&self, name: &str) -> bool {
        if self.names.iter().any(|listed| folds_to(name, listed)) {
            return true;
        }
        let begins = |prefix: &str| {
            let start = name.get(..prefix.len());
            start.is_some_and(|start| folds_to(start, prefix))
        };
        self.prefixes.iter().any(|prefix| begins(prefix))
            && !self.kept.iter().any(|kept| folds_to(name, kept))
    }
}

fn length_bit(length: usize) -> u64 {
    1 << length.min(63)
}

/// 0 to 25 for a letter, 26 for anything else.
fn initial(name: &str) -> usize {
    match name.bytes().next().map(fold_byte) {
        Some(letter @ b'a'..=b'z') => usize::from(letter - b'a'),
        _ => 26,
    }
}

/// Whether a name is spelled like a folded one.
pub(super) fn folds_to(name: &str, folded: &str) -> bool {
    name.len() == folded.len() && name.bytes().map(fold_byte).eq(folded.bytes())
}

fn fold(name: &str) -> Box<str> {
    name.bytes()
        .map(|byte| char::from(fold_byte(byte)))
        .collect()
}

const fn fold_byte(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() {
        byte.to_ascii_lowercase()
    } else {
        b'_'
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_spelling_is_covered() {
        let stripped = Stripped::new(["X-User-Id"], []);
        for name in [
            "x-user-id",
            "x_user_id",
            "x.user.id",
            "x-user_id",
            "x~user!id",
            "x-forwarded-for",
            "x_forwarded_proto",
            "x.forwarded.anything",
            "remote_user",
            "x-authenticated-user",
            "script_name",
        ] {
            assert!(stripped.covers(name), "{name}");
        }
        for name in [
            "x-user-ids",
            "x-users",
            "xuserid",
            "remote",
            "accept",
            "x-requested-with",
            "host",
            "cookie",
            "content-type",
            "range",
        ] {
            assert!(!stripped.covers(name), "{name}");
        }
    }

    #[test]
    fn what_is_kept_is_not_covered_and_what_is_further_is() {
        let further = ["X-Tenant", "X-Forwarded-Email"];
        let kept = ["x-http-method-override", "X_Envoy_Retry_On", "X-Tenant"];
        let stripped = Stripped::new(further, kept);
        for name in ["x-http-method-override", "x.envoy.retry.on"] {
            assert!(!stripped.covers(name), "{name}");
        }
        for name in ["x-tenant", "x-forwarded-email", "x-envoy-retry-on-x"] {
            assert!(stripped.covers(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn the_quick_look_dismisses_nothing_that_is_listed(name in "[a-z0-9_-]{0,80}", at in 0..NAMES.len()) {
            let stripped = Stripped::new([], []);
            prop_assert_eq!(stripped.covers(&name), stripped.lists(&name));
            let listed = NAMES.get(at).copied().unwrap_or_default();
            prop_assert!(stripped.covers(listed));
        }
    }
}
