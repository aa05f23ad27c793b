//! Asks endpoints whether they are well, before requests find out.
//!
//! It runs beside the cores. An endpoint that was found dead gets no request until it is found well again, not even to
//! try it; one that was left alone because requests failed is for requests to bring back, since answering this question
//! may be all that it can do.

use std::{convert::Infallible, future::pending, sync::Arc, time::Instant};

use ::http::{HeaderValue, Request, StatusCode, header};
use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::{
    connection::dial,
    error::Failure,
    group::Group,
    http2,
    settings::{Endpoint, HealthCheck, Protocol, Settings},
    tls::Offer,
};
use crate::clock::Clock;

/// Why an endpoint is not well.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unwell {
    #[error(transparent)]
    Failed(#[from] Failure),
    #[error("the answer is {0}")]
    Status(StatusCode),
    #[error("no answer within the limit")]
    Late,
    #[error("the question could not be asked")]
    Unaskable(#[from] ::http::Error),
}

/// Answers in a row.
#[derive(Debug, Default)]
struct Streak {
    good: u32,
    bad: u32,
}

/// What enough answers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Well,
    Dead,
}

impl Streak {
    fn count(&mut self, good: bool, check: &HealthCheck) -> Option<Verdict> {
        if good {
            self.bad = 0;
            self.good = self.good.saturating_add(1);
            (self.good >= check.healthy).then_some(Verdict::Well)
        } else {
            self.good = 0;
            self.bad = self.bad.saturating_add(1);
            (self.bad >= check.unhealthy).then_some(Verdict::Dead)
        }
    }
}

/// Asks every endpoint of the upstream, for ever; ends at once where there is nothing to ask.
pub async fn watch(group: Arc<Group>, clock: Clock) {
    let Some(check) = &group.settings().health else {
        return;
    };
    let endpoints = 0..group.settings().endpoints.len();
    join_all(endpoints.map(|position| watch_endpoint(&group, position, check, clock))).await;
}

async fn watch_endpoint(group: &Group, position: usize, check: &HealthCheck, clock: Clock) {
    let mut streak = Streak::default();
    loop {
        let asked = ask(group.settings(), position, check, clock.instant());
        let answer = tokio::time::timeout(check.timeout, asked).await;
        let answer = answer.unwrap_or(Err(Unwell::Late));
        let verdict = streak.count(answer.is_ok(), check);
        match (verdict, answer) {
            (Some(Verdict::Dead), Err(unwell)) => group.found_dead(position, &unwell),
            (Some(Verdict::Well), Ok(())) => group.found_well(position, clock.instant()),
            (None | Some(Verdict::Dead | Verdict::Well), _) => {}
        }
        tokio::time::sleep(check.interval).await;
    }
}

async fn ask(
    settings: &Settings,
    position: usize,
    check: &HealthCheck,
    now: Instant,
) -> Result<(), Unwell> {
    if settings.protocol == Protocol::Http2 {
        return ask_http2(settings, position, check, now).await;
    }
    let request = question(settings, position, check)?;
    let stream = dial(settings, position, Offer::Http1, now).await?;
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(Failure::from_exchange)?;
    let driving = async {
        // Its end reaches the exchange, which is waited for in any case.
        drop(connection.await);
        pending::<Infallible>().await
    };
    let response = tokio::select! {
        response = sender.send_request(request) => response.map_err(Failure::from_exchange)?,
        never = driving => match never {},
    };
    judge(response.status())
}

/// As [`ask`], where HTTP/1.1 may not be understood.
async fn ask_http2(
    settings: &Settings,
    position: usize,
    check: &HealthCheck,
    now: Instant,
) -> Result<(), Unwell> {
    let request = question(settings, position, check)?;
    let has_tls = settings
        .endpoints
        .get(position)
        .is_some_and(Endpoint::has_tls);
    let request = http2::prepare(request, false, has_tls)?.map(drop);
    let failed = |error: h2::Error| Failure::closed(error.into());
    let stream = dial(settings, position, Offer::Http2, now).await?;
    let shaken = h2::client::handshake(stream).await;
    let (sender, connection) = shaken.map_err(failed)?;
    let asking = async {
        let (response, _) = sender.ready().await?.send_request(request, true)?;
        response.await
    };
    let driving = async {
        // Its end reaches the exchange, which is waited for in any case.
        drop(connection.await);
        pending::<Infallible>().await
    };
    let response = tokio::select! {
        response = asking => response.map_err(failed)?,
        never = driving => match never {},
    };
    judge(response.status())
}

fn judge(status: StatusCode) -> Result<(), Unwell> {
    if status.is_success() {
        Ok(())
    } else {
        Err(Unwell::Status(status))
    }
}

fn question(
    settings: &Settings,
    position: usize,
    check: &HealthCheck,
) -> Result<Request<Empty<Bytes>>, ::http::Error> {
    let endpoint = settings.endpoints.get(position).map(Endpoint::authority);
    let host = match &settings.host {
        Some(host) => host.clone(),
        None => HeaderValue::try_from(endpoint.unwrap_or_default())?,
    };
    Request::get(check.path.as_str())
        .header(header::HOST, host)
        .header(header::USER_AGENT, "sidegate")
        .header(header::CONNECTION, "close")
        .body(Empty::new())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn enough_answers_in_a_row_are_a_verdict() {
        let check = HealthCheck {
            path: "/health".parse().expect("a path"),
            interval: Duration::ZERO,
            timeout: Duration::ZERO,
            healthy: 2,
            unhealthy: 3,
        };
        let mut streak = Streak::default();
        let mut count = |good| streak.count(good, &check);
        assert_eq!(count(true), None);
        assert_eq!(count(true), Some(Verdict::Well));
        assert_eq!(count(false), None);
        assert_eq!(count(false), None);
        assert_eq!(count(true), None, "from the beginning");
        assert_eq!(count(false), None);
        assert_eq!(count(false), None);
        assert_eq!(count(false), Some(Verdict::Dead));
        assert_eq!(count(false), Some(Verdict::Dead));
    }
}
