//! Lists of proxies: addresses, networks, and `unix`.

use ipnet::IpNet;

use super::Findings;
use crate::http::client_address::TrustedProxies;

/// Whoever connects to a Unix socket.
const UNIX: &str = "unix";

pub(super) fn compile(
    written: &[String],
    path: &str,
    findings: &mut Findings<'_>,
) -> TrustedProxies {
    let mut networks = Vec::new();
    let with_unix = written.iter().any(|text| text == UNIX);
    for (index, text) in written.iter().enumerate() {
        if text == UNIX {
            continue;
        }
        let path = format!("{path}[{index}]");
        let network = text
            .parse::<IpNet>()
            .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
        let network = network.map_err(|_| "this is neither an address nor a network");
        let fix = "write an address such as 10.0.0.5, a network such as 10.0.0.0/8, or `unix`";
        let Some(network) = findings.take(network, &path, fix) else {
            continue;
        };
        if network.prefix_len() == 0 {
            findings.mistake(
                &path,
                "this trusts everybody, so that every client chooses its own address",
                "list only the proxies that stand in front of the gateway",
            );
        }
        networks.push(network);
    }
    let proxies = TrustedProxies::new(networks);
    if with_unix {
        proxies.and_unix_sockets()
    } else {
        proxies
    }
}
