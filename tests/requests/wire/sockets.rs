//! Whether a process has read what was sent to it, as the system knows.

use std::{
    collections::HashSet,
    fs,
    net::{SocketAddr, TcpStream},
};

use crate::harness::wait_until;

/// Waits until the server at `address` has read everything that came over these connections, so that what is written
/// next arrives in another read.
pub(super) fn wait_until_read(address: SocketAddr, connections: &[&TcpStream]) {
    let ports: HashSet<u16> = connections
        .iter()
        .map(|stream| stream.local_addr().expect("an address").port())
        .collect();
    wait_until("the gateway to read", || !unread(address.port(), &ports));
}

/// Whether any of the server's connections to these ports has bytes in its queue.
fn unread(server: u16, ports: &HashSet<u16>) -> bool {
    let table = fs::read_to_string("/proc/self/net/tcp6").expect("the table of sockets");
    table.lines().skip(1).any(|line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        let mut port = || u16::from_str_radix(words.next()?.split(':').nth(1)?, 16).ok();
        if port() != Some(server) || !port().is_some_and(|port| ports.contains(&port)) {
            return false;
        }
        let queues = words.nth(1).unwrap_or_default();
        let received = queues.split(':').nth(1).unwrap_or_default();
        received.bytes().any(|digit| digit != b'0')
    })
}
