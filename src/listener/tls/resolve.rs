//! Which certificate a client gets.

use std::{collections::HashMap, sync::Arc};

use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use crate::certificate::Pair;

/// Certificates by the host names that they hold for.
#[derive(Debug)]
pub(super) struct Certificates {
    /// In the operator's order.
    all: Vec<Arc<CertifiedKey>>,
    /// Host names in lower case; a wildcard stands under its own text.
    by_name: HashMap<Box<str>, Vec<Arc<CertifiedKey>>>,
}

impl Certificates {
    pub(super) fn new(pairs: Vec<Pair>) -> Self {
        let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
        let mut all = Vec::with_capacity(pairs.len());
        for Pair {
            certified, names, ..
        } in pairs
        {
            for name in names {
                by_name
                    .entry(name)
                    .or_default()
                    .push(Arc::clone(&certified));
            }
            all.push(certified);
        }
        Self { all, by_name }
    }

    /// Those for this name, else those for its wildcard, else all: a client that asks for an unknown name, or for
    /// none, gets the first, and can see itself that it is for another.
    fn candidates(&self, name: Option<&str>) -> &[Arc<CertifiedKey>] {
        let exact = name.and_then(|name| self.by_name.get(name));
        let wildcard = || {
            let (_, domain) = name?.split_once('.')?;
            self.by_name.get(format!("*.{domain}").as_str())
        };
        exact.or_else(wildcard).unwrap_or(&self.all)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // The library gives the name in lower case.
        let candidates = self.candidates(hello.server_name());
        // One name may have certificates with different kinds of keys.
        let offered = hello.signature_schemes();
        let usable = candidates
            .iter()
            .find(|candidate| candidate.key.choose_scheme(offered).is_some());
        usable.cloned()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::generate_simple_self_signed;

    use super::*;
    use crate::certificate::{Chain, Key};

    fn pair(names: &[&str]) -> Pair {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let made = generate_simple_self_signed(names).unwrap();
        let chain = Chain::from_pem(made.cert.pem().as_bytes()).unwrap();
        let key = Key::from_pem(made.signing_key.serialize_pem().as_bytes()).unwrap();
        Pair::new(chain, key).unwrap()
    }

    #[test]
    fn the_exact_name_comes_before_the_wildcard_and_the_first_is_for_the_rest() {
        let certificates = Certificates::new(vec![
            pair(&["first.test"]),
            pair(&["*.shop.test"]),
            pair(&["shop.test", "pay.shop.test", "first.test"]),
        ]);
        let index = |name: Option<&str>| {
            let chosen = certificates.candidates(name).first().unwrap();
            let mut all = certificates.all.iter();
            all.position(|known| Arc::ptr_eq(known, chosen)).unwrap()
        };
        for (name, expected) in [
            (Some("first.test"), 0),
            (Some("a.shop.test"), 1),
            (Some("pay.shop.test"), 2),
            (Some("shop.test"), 2),
            (Some("a.b.shop.test"), 0),
            (Some("*.shop.test"), 1),
            (Some("test"), 0),
            (Some("elsewhere.test"), 0),
            (None, 0),
        ] {
            assert_eq!(index(name), expected, "{name:?}");
        }
    }
}
