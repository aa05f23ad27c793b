//! Plays a case in one of several ways, many connections at a time, and says what was not as written.

use std::{net::TcpStream, time::Duration};

use super::{
    case::{Arrives, Case, End, arrived},
    sockets::wait_until_read,
};
use crate::harness::{Gateway, PATIENCE, Request, Upstream, client::Connection};

/// How many connections are open at once.
const ABREAST: usize = 200;

/// Which request line the request before a case has at the upstream, and the one after it.
const OTHERS: [&str; 3] = ["GET /before ", "POST /before ", "GET /after "];

/// A case, and in which pieces it is sent.
#[derive(Debug)]
pub(super) struct Play<'a> {
    case: &'a Case,
    pieces: Vec<&'a [u8]>,
    /// A request that is sent with the first piece.
    before: &'a str,
}

/// A gateway and what stands behind it.
pub(super) struct Bench {
    gateway: Gateway,
    upstream: Upstream,
}

impl<'a> Play<'a> {
    pub(super) fn of(case: &'a Case, pieces: Vec<&'a [u8]>) -> Self {
        Self {
            case,
            pieces,
            before: "",
        }
    }

    /// The case in one piece with a request before it.
    pub(super) fn behind(case: &'a Case, before: &'a str) -> Self {
        Self {
            case,
            pieces: vec![&case.sent],
            before,
        }
    }

    fn name(&self) -> String {
        let way = match self.pieces.as_slice() {
            [_] if self.before.is_empty() => "in one read".to_owned(),
            [_] => format!("behind {:?}", self.before),
            [first, _] => format!("cut at {}", first.len()),
            _ => "byte by byte".to_owned(),
        };
        format!("{} [{way}]", self.case.name)
    }

    /// What is wrong with the answers and the end of the connection.
    fn outcome(&self, connection: &mut Connection) -> Result<(), String> {
        if !self.before.is_empty() {
            answer(connection, &[200])
                .map_err(|error| format!("the request before it: {error}"))?;
        }
        let mut closing = None;
        for statuses in &self.case.answers {
            closing = answer(connection, statuses)?;
        }
        match self.case.end {
            End::Waiting => Ok(()),
            End::Open => {
                let probe = Request::get("/after").bytes();
                connection
                    .try_write(probe)
                    .map_err(|error| error.to_string())?;
                let probed = answer(connection, &[200]);
                probed.map_err(|error| format!("the request after it: {error}"))?;
                Ok(())
            }
            End::Any => nothing_more(connection),
            End::Closed if !connection.ends() => Err("the connection is not closed".to_owned()),
            End::Closed if closing.as_deref() == Some("close") || self.case.answers.is_empty() => {
                Ok(())
            }
            End::Closed => Err(format!("closed after `Connection: {closing:?}`")),
        }
    }
}

/// Ends the conversation and reads what else there is to it.
fn nothing_more(connection: &mut Connection) -> Result<(), String> {
    let rest = String::from_utf8_lossy(&connection.rest()).into_owned();
    if rest.contains(" 200 ") {
        Err(format!("goes on with {rest:?}"))
    } else {
        Ok(())
    }
}

/// The `Connection` of the next answer that is not interim, once its status is right. An answer in HTTP/1.0 need not
/// say that it is the last.
fn answer(connection: &mut Connection, statuses: &[u16]) -> Result<Option<String>, String> {
    loop {
        let response = connection.try_head().map_err(|error| error.to_string())?;
        let mut response = response.ok_or(format!("closed, not {statuses:?}"))?;
        connection.body_of(&mut response, "GET");
        if (100..200).contains(&response.status) {
            continue;
        }
        if !statuses.contains(&response.status) {
            return Err(format!(
                "{} {}, not {statuses:?}",
                response.status,
                response.text()
            ));
        }
        if !response.whole {
            return Err(format!("the body of {} broke off", response.status));
        }
        let old = (response.version == "HTTP/1.0").then_some("close");
        return Ok(response.header("connection").or(old).map(str::to_owned));
    }
}

impl Bench {
    pub(super) fn new(gateway: Gateway, upstream: Upstream) -> Self {
        Self { gateway, upstream }
    }

    /// Everything that goes wrong with these plays.
    pub(super) fn wrong(&self, plays: Vec<Play<'_>>) -> Vec<String> {
        // What may arrive is compared for all that are played at once.
        let (exact, lenient): (Vec<_>, Vec<_>) = plays
            .into_iter()
            .partition(|play| matches!(play.case.arrives, Arrives::Exactly(_)));
        let (partial, free): (Vec<_>, Vec<_>) = lenient
            .into_iter()
            .partition(|play| play.case.arrives == Arrives::NothingWhole);
        let groups = [exact, partial, free];
        let batches = groups.iter().flat_map(|plays| plays.chunks(ABREAST));
        batches
            .flat_map(|plays| self.wrong_abreast(plays))
            .collect()
    }

    fn wrong_abreast(&self, plays: &[Play<'_>]) -> Vec<String> {
        let before = self.upstream.seen().len();
        let mut connections: Vec<Connection> = plays.iter().map(|_| self.connect()).collect();
        self.send(plays, &mut connections);
        let mut wrong = Vec::new();
        for (play, connection) in plays.iter().zip(&mut connections) {
            if let Err(error) = play.outcome(connection) {
                wrong.push(format!("{}: {error}", play.name()));
            }
        }
        drop(connections);
        let Some(odd) = self.wrong_arrivals(plays, before) else {
            return wrong;
        };
        match plays {
            [play] => wrong.push(format!("{}: {odd}", play.name())),
            // Which of them it was shows when they are played apart.
            many => {
                let (first, second) = many.split_at(many.len() / 2);
                wrong = [self.wrong_abreast(first), self.wrong_abreast(second)].concat();
            }
        }
        wrong
    }

    fn connect(&self) -> Connection {
        let connection = self.gateway.client().connect();
        let socket = socket2::SockRef::from(connection.stream());
        // Nothing of it is left when it is dropped: thousands of them come and go.
        socket
            .set_linger(Some(Duration::ZERO))
            .expect("a socket option");
        socket
            .set_read_timeout(Some(PATIENCE))
            .expect("a socket option");
        connection
    }

    fn send(&self, plays: &[Play<'_>], connections: &mut [Connection]) {
        let longest = plays.iter().map(|play| play.pieces.len()).max();
        for index in 0..longest.unwrap_or_default() {
            if index > 0 {
                let streams: Vec<&TcpStream> = connections.iter().map(Connection::stream).collect();
                wait_until_read(self.gateway.address, &streams);
            }
            for (play, connection) in plays.iter().zip(&mut *connections) {
                let Some(piece) = play.pieces.get(index) else {
                    continue;
                };
                let before = if index == 0 {
                    play.before.as_bytes()
                } else {
                    b""
                };
                // The gateway may have closed: what it answered says so.
                drop(connection.try_write([before, piece].concat()));
            }
        }
    }

    /// What the upstream saw that it should not have, or did not see.
    fn wrong_arrivals(&self, plays: &[Play<'_>], before: usize) -> Option<String> {
        let partly = plays
            .iter()
            .any(|play| play.case.arrives == Arrives::NothingWhole);
        if plays
            .iter()
            .any(|play| play.case.arrives == Arrives::Anything)
        {
            return None;
        }
        let mut expected: Vec<&str> = Vec::new();
        for play in plays {
            if let Arrives::Exactly(requests) = &play.case.arrives {
                expected.extend(requests.iter().map(String::as_str));
            }
        }
        let seen = self.upstream.seen();
        let seen = seen
            .iter()
            .skip(before)
            .filter(|seen| seen.whole || !partly);
        let mut arrived: Vec<String> = seen
            .map(|seen| arrived(seen, self.upstream.address()))
            .collect();
        arrived.retain(|request| !OTHERS.iter().any(|other| request.starts_with(other)));
        arrived.sort();
        expected.sort_unstable();
        if arrived == expected {
            return None;
        }
        let odd = arrived
            .iter()
            .find(|request| !expected.contains(&request.as_str()));
        let missing = expected
            .iter()
            .find(|request| !arrived.contains(&(**request).to_owned()));
        Some(format!(
            "reached the upstream: {odd:?}, and did not: {missing:?}"
        ))
    }
}
