//! Lists of texts in requirements, and what each of them has to be.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Findings;
use crate::config::document::rules::Texts;

/// What one of a list is, or what is wrong with it and how to put it right.
pub(super) type Read<T> = Result<T, (String, String)>;

/// Every member of a list, if there are any and all are good.
pub(super) fn listed<T>(
    texts: &Texts,
    path: &str,
    findings: &mut Findings<'_>,
    read: impl Fn(&str) -> Read<T>,
) -> Option<Box<[T]>> {
    let texts = texts.at(path);
    if texts.is_empty() {
        findings.absence(
            path,
            "nothing is listed",
            "list at least one, or take it out",
        );
        return None;
    }
    let read = texts.into_iter().map(|(path, text)| match read(text) {
        Ok(value) => Some(value),
        Err((message, fix)) => {
            findings.mistake(&path, &message, &fix);
            None
        }
    });
    // Every member is looked at before the first bad one counts.
    read.collect::<Vec<_>>().into_iter().collect()
}

pub(super) fn text(text: &str) -> Read<Box<str>> {
    if text.is_empty() {
        let fix = "write a text".to_owned();
        return Err(("this is empty".to_owned(), fix));
    }
    Ok(text.into())
}

/// RFC 6749 section 3.3.
pub(super) fn scope(text: &str) -> Read<Box<str>> {
    let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if text.is_empty() || !text.bytes().all(allowed) {
        let message = "this is not one scope".to_owned();
        let fix = "list scopes one by one, such as [read, write]".to_owned();
        return Err((message, fix));
    }
    Ok(text.into())
}

pub(super) fn network(text: &str) -> Read<IpNet> {
    let wrong = |message: &str, fix: &str| Err((message.to_owned(), fix.to_owned()));
    let network = text.parse::<IpNet>();
    let network = network.or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let Ok(network) = network else {
        let fix = "write an address such as 10.0.0.5, or a network such as 10.0.0.0/8";
        return wrong("this is neither an address nor a network", fix);
    };
    if network.trunc() != network {
        let fix = format!("write {}, or the address alone", network.trunc());
        return wrong("the address has more bits than the network", &fix);
    }
    match network.addr() {
        IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => {
            wrong("no client has such an address", "write it as one of IPv4")
        }
        IpAddr::V4(_) | IpAddr::V6(_) => Ok(network),
    }
}
