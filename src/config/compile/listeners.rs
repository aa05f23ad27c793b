//! Where clients connect: addresses, TLS, PROXY headers.

use std::net::SocketAddr;

use super::{Findings, listener_tls, networks};
use crate::{
    config::{
        compiled::Listener,
        document::listeners::{Listener as Written, Protocol},
    },
    listener::{Address, Families, Mode, Protocols},
};

const ADDRESS: &str = "write an address and a port, such as 127.0.0.1:8080 or [::]:8080";

pub(super) fn compile(listeners: &[Written], findings: &mut Findings<'_>) -> Option<Vec<Listener>> {
    if listeners.is_empty() {
        findings.absence(
            "listeners",
            "there is no listener",
            "add `- address: 0.0.0.0:8080`",
        );
    }
    let compiled = listeners.iter().enumerate().map(|(index, listener)| {
        let path = format!("listeners[{index}]");
        one(listener, &path, findings)
    });
    // Every listener is looked at before the first bad one counts.
    let compiled: Vec<Option<Listener>> = compiled.collect();
    let compiled: Option<Vec<Listener>> = compiled.into_iter().collect();
    if let Some(compiled) = &compiled {
        collisions(compiled, findings);
    }
    compiled
}

fn one(listener: &Written, path: &str, findings: &mut Findings<'_>) -> Option<Listener> {
    let address = address(listener, path, findings);
    let protocols = protocols(listener, path, findings);
    let tls = listener.tls.as_ref();
    let tls = tls.map(|tls| listener_tls::compile(tls, protocols, path, findings));
    let proxies = listener.proxy_protocol.as_ref().map(|proxies| {
        let path = format!("{path}.proxy_protocol.from");
        if proxies.from.is_empty() {
            let fix = "list the proxies, such as 10.0.0.0/8";
            findings.mistake(&path, "nobody could connect", fix);
        }
        networks::compile(&proxies.from, &path, findings)
    });
    Some(Listener {
        address: address?,
        protocols,
        tls: match tls {
            Some(tls) => Some(tls?),
            None => None,
        },
        proxies,
    })
}

fn address(listener: &Written, path: &str, findings: &mut Findings<'_>) -> Option<Address> {
    let text = listener.address.as_str();
    let address_path = format!("{path}.address");
    if let Some(socket) = text.strip_prefix("unix:") {
        ipv4_is_no_question(listener, path, findings);
        if socket.is_empty() {
            let fix = "write a path, such as unix:/run/sidegate.sock";
            findings.mistake(&address_path, "there is no path", fix);
        }
        let mode = mode(listener.mode.as_deref(), path, findings)?;
        return Some(Address::Unix(findings.resolve(socket), mode));
    }
    if listener.mode.is_some() {
        let message = "only a Unix socket that the gateway makes has permissions";
        let fix = "take it out, or write unix: and a path as the address";
        findings.mistake(&format!("{path}.mode"), message, fix);
    }
    if let Some(name) = text.strip_prefix("systemd:") {
        ipv4_is_no_question(listener, path, findings);
        if name.is_empty() {
            let fix = "write the FileDescriptorName of the socket unit, or 0 for its first socket";
            findings.mistake(&address_path, "there is no name", fix);
        }
        return Some(Address::Systemd(name.to_owned()));
    }
    let ip = ip(text, &address_path, findings)?;
    let any_of_ipv6 = ip.is_ipv6() && ip.ip().is_unspecified();
    if !any_of_ipv6 {
        ipv4_is_no_question(listener, path, findings);
    }
    let families = if listener.ipv6_only {
        Families::Ipv6
    } else {
        Families::Both
    };
    Some(Address::Ip(ip, families))
}

pub(super) fn ip(text: &str, path: &str, findings: &mut Findings<'_>) -> Option<SocketAddr> {
    let parsed = text
        .parse()
        .map_err(|_| "this is not an address with a port");
    findings.take(parsed, path, ADDRESS)
}

fn ipv4_is_no_question(listener: &Written, path: &str, findings: &mut Findings<'_>) {
    if listener.ipv6_only {
        let path = format!("{path}.ipv6_only");
        let message = "this is for an address of [::] alone";
        findings.mistake(&path, message, "take it out");
    }
}

/// Octal digits, as `chmod` reads them.
fn mode(text: Option<&str>, path: &str, findings: &mut Findings<'_>) -> Option<Mode> {
    let text = text.unwrap_or("0660");
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let mode = u32::from_str_radix(text, 8).ok();
    let mode = mode.filter(|mode| digits && *mode <= 0o777);
    let mode = mode.ok_or("these are no permissions");
    let fix = "write octal digits in quotes, such as \"0660\"";
    findings.take(mode, &format!("{path}.mode"), fix).map(Mode)
}

fn protocols(listener: &Written, path: &str, findings: &mut Findings<'_>) -> Protocols {
    let Some(protocols) = &listener.protocols else {
        return Protocols::Both;
    };
    let has = |protocol| protocols.contains(&protocol);
    match (has(Protocol::Http1), has(Protocol::H2)) {
        (true, true) => Protocols::Both,
        (false, true) => Protocols::Http2,
        (true, false) => Protocols::Http1,
        (false, false) => {
            let path = format!("{path}.protocols");
            let fix = "write http1, h2 or both, or leave it out";
            findings.mistake(&path, "nothing would be spoken", fix);
            Protocols::Http1
        }
    }
}

/// Two listeners that the system would not let stand beside each other.
fn collisions(listeners: &[Listener], findings: &mut Findings<'_>) {
    for (index, listener) in listeners.iter().enumerate() {
        let path = format!("listeners[{index}].address");
        let mut earlier = listeners.iter().take(index);
        let taken = earlier
            .clone()
            .any(|other| other.address == listener.address);
        if taken && !takes_any_port(&listener.address) {
            let message = "another listener has this address";
            findings.mistake(
                &path,
                message,
                "write another address, or take one of them out",
            );
        } else if earlier.any(|other| share_ipv4(&other.address, &listener.address)) {
            let message = "[::] is for IPv4 too, and another listener has the port there";
            findings.mistake(&path, message, "add `ipv6_only: true` to the one with [::]");
        }
    }
}

fn takes_any_port(address: &Address) -> bool {
    matches!(address, Address::Ip(address, _) if address.port() == 0)
}

fn share_ipv4(one: &Address, other: &Address) -> bool {
    let both = [one, other];
    let any_of_both = both.into_iter().find_map(|address| match address {
        Address::Ip(ip, Families::Both) if ip.is_ipv6() && ip.ip().is_unspecified() => Some(ip),
        Address::Ip(..) | Address::Unix(..) | Address::Systemd(_) => None,
    });
    let ipv4 = both.into_iter().find_map(|address| match address {
        Address::Ip(ip, _) if ip.is_ipv4() => Some(ip),
        Address::Ip(..) | Address::Unix(..) | Address::Systemd(_) => None,
    });
    let ports = any_of_both.zip(ipv4);
    ports.is_some_and(|(six, four)| six.port() == four.port() && six.port() != 0)
}
