//! Upstreams that speak HTTP/2.

mod choice;
mod connections;
mod exchanges;
mod streams;

use http::{HeaderMap, Request};

use crate::harness::{
    Gateway, Setup,
    streams::{Arrived, Origin},
};

/// A gateway before this URL, with further settings.
fn before(url: &str, settings: &str) -> Setup {
    let upstreams = format!("{{ api: {{ endpoints: [\"{url}\"]{settings} }} }}");
    Setup::before_url(url).section("upstreams", &upstreams)
}

/// A gateway that speaks HTTP/2 to the origin without asking.
fn knowing(origin: &Origin, settings: &str) -> Gateway {
    let url = format!("http://{}", origin.address());
    before(&url, &format!(", protocol: http2{settings}")).start()
}

/// A request as a client of gRPC makes it.
fn call(gateway: &Gateway, path: &str) -> Request<()> {
    let uri = format!("http://{}{path}", gateway.address);
    let request = Request::post(uri)
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    request.body(()).expect("a request")
}

/// Fields of a message.
fn fields(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        map.append(*name, value.parse().expect("a value"));
    }
    map
}

/// Answers with what has come, and its trailers.
async fn echo(mut arrived: Arrived) {
    let Ok((whole, trailers)) = arrived.body.whole().await else {
        return;
    };
    let mut body = arrived
        .respond
        .send_response(http::Response::new(()), false)
        .expect("a head");
    body.send_data(whole.into(), trailers.is_none())
        .expect("sent");
    if let Some(trailers) = trailers {
        body.send_trailers(trailers).expect("sent");
    }
}
