//! An exchange with an upstream that speaks HTTP/2, or may.

use std::{rc::Rc, sync::Arc, time::Instant};

use ::http::{Request, Response};
use http_body::Body as _;
use hyper::body::Incoming;

use super::{
    connection::Connection,
    error::Undelivered,
    fields::{Fields, insert_all},
    http2::{self, Spoken},
    patience::Patience,
    pool::{Exchange, Upstream},
    relay::Relay,
    retry::Lost,
    simple,
    upload::{BodyLimits, Trailers, Upload},
};
use crate::http::request_body::RequestBody;

/// What has come back, by the client that it came through.
enum Given {
    Simple(Response<simple::Body>),
    Http2(Response<http2::Body>),
    Library(Response<Incoming>, Connection),
}

impl Upstream {
    /// Finds out which protocol each endpoint speaks, and speaks it.
    pub(super) async fn negotiate(
        self: &Rc<Self>,
        request: Box<Request<RequestBody>>,
        fields: &dyn Fields,
        limits: BodyLimits,
        now: Instant,
    ) -> Result<Response<Relay>, Undelivered> {
        let patience = Rc::new(Patience::new(self.deadlines().unset()));
        let silence = self.deadlines().unset();
        let request = (*request).map(|body| Upload::new(body, limits, &patience, silence));
        let exchange = async |endpoint, now| {
            let exchange = self.give(endpoint, &request, fields, (&patience, now));
            exchange.await
        };
        let (given, ticket) = self.deliver(request.method(), now, exchange).await?;
        Ok(match given {
            Given::Simple(response) => response.map(|body| Relay::simple(body, ticket)),
            Given::Http2(response) => response.map(|body| Relay::http2(body, ticket)),
            Given::Library(response, connection) => {
                response.map(|body| Relay::library(body, connection, ticket))
            }
        })
    }

    /// The request stays, since another endpoint may have to be asked.
    async fn give(
        &self,
        endpoint: usize,
        request: &Request<Upload>,
        fields: &dyn Fields,
        (patience, now): (&Rc<Patience>, Instant),
    ) -> Result<Given, Lost> {
        match self
            .http2
            .speak(endpoint, now)
            .await
            .map_err(Lost::unsent)?
        {
            Spoken::Http2(slot) => {
                let trailers = Trailers::Cleaned(Arc::clone(&self.stripped));
                let mut request = http2::twin(request, trailers);
                insert_all(fields, request.headers_mut());
                let has_tls = self.has_tls(endpoint);
                let request = http2::prepare(request, fields.accept_trailers(), has_tls)?;
                let exchange = self.http2.exchange(endpoint, slot, request, patience);
                exchange.await.map(Given::Http2)
            }
            Spoken::Http1 if request.body().is_end_stream() => {
                let exchange = self.simple.send(endpoint, request, fields, now);
                exchange.await.map(Given::Simple)
            }
            Spoken::Http1 => {
                let mut request = http2::twin(request, Trailers::Dropped);
                insert_all(fields, request.headers_mut());
                match self.send_to(endpoint, request, patience).await {
                    Exchange::Done(Ok((response, connection))) => {
                        Ok(Given::Library(response, connection))
                    }
                    Exchange::Done(Err(failure)) => Err(failure.into()),
                    Exchange::NotSent(_, failure) => Err(Lost::unsent(failure)),
                }
            }
        }
    }

    fn has_tls(&self, endpoint: usize) -> bool {
        let endpoint = self.settings().endpoints.get(endpoint);
        endpoint.is_some_and(super::Endpoint::has_tls)
    }
}
