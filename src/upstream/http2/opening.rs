//! Making a connection of HTTP/2, or finding out that the endpoint speaks something older.

use std::{rc::Rc, sync::Arc};

use super::session::Session;
use crate::{
    deadline::Deadlines,
    upstream::{connection::dial, error::Failure, group::Group, stream::Stream, tls::Offer},
};

/// What a new connection turned out to be.
pub(super) enum Opened {
    Http1(Stream),
    Http2(Rc<Session>),
}

/// Why an endpoint cannot be spoken to in HTTP/2.
#[derive(Debug, thiserror::Error)]
enum NotHttp2 {
    #[error("the upstream has not chosen HTTP/2 in the TLS handshake")]
    NotChosen,
}

pub(super) async fn open(
    group: Arc<Group>,
    position: usize,
    offer: Offer,
    deadlines: Deadlines,
) -> Result<Opened, Failure> {
    let settings = group.settings();
    let stream = dial(settings, position, offer, deadlines.now()).await?;
    if !speaks_http2(&stream) {
        return match offer {
            Offer::Either | Offer::Http1 => Ok(Opened::Http1(stream)),
            Offer::Http2 => Err(Failure::NotHttp(NotHttp2::NotChosen.into())),
        };
    }
    let starting = Session::start(stream, settings, deadlines);
    let started = tokio::time::timeout(settings.connect_timeout, starting).await;
    let endpoint = settings.endpoints.get(position).map(ToString::to_string);
    let late = |_| Failure::ConnectTimeout {
        endpoint: endpoint.unwrap_or_default(),
    };
    Ok(Opened::Http2(started.map_err(late)??))
}

/// In clear text nobody is asked: that is what prior knowledge means (RFC 9113 section 3.3).
fn speaks_http2(stream: &Stream) -> bool {
    match stream {
        Stream::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
        Stream::Tcp(_) | Stream::Unix(_) => true,
    }
}
