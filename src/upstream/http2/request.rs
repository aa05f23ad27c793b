//! The head of a request as HTTP/2 has it (RFC 9113 section 8.3.1).

use ::http::{
    HeaderMap, HeaderValue, Request, Uri, Version, header,
    uri::{Authority, PathAndQuery, Scheme},
};

use crate::upstream::error::Failure;

/// Makes a request of HTTP/1.1 one of HTTP/2: the Host becomes the authority.
pub(in crate::upstream) fn prepare<B>(
    request: Request<B>,
    accepts_trailers: bool,
    has_tls: bool,
) -> Result<Request<B>, Failure> {
    let (head, body) = request.into_parts();
    let mut headers = head.headers;
    let uri =
        uri(&mut headers, head.uri, has_tls).map_err(|error| Failure::NotHttp(error.into()))?;
    headers.remove(header::CONNECTION);
    if accepts_trailers {
        // What gRPC asks of every hop, and the only value that HTTP/2 allows.
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    // Without its extensions, which are between the client's connection and us.
    let mut prepared = Request::new(body);
    *prepared.method_mut() = head.method;
    *prepared.uri_mut() = uri;
    *prepared.headers_mut() = headers;
    *prepared.version_mut() = Version::HTTP_2;
    Ok(prepared)
}

fn uri(headers: &mut HeaderMap, target: Uri, has_tls: bool) -> Result<Uri, ::http::Error> {
    let host = headers.remove(header::HOST);
    let host = host
        .as_ref()
        .map_or(&b"localhost"[..], HeaderValue::as_bytes);
    let path = target.into_parts().path_and_query;
    let mut parts = ::http::uri::Parts::default();
    parts.scheme = Some(if has_tls { Scheme::HTTPS } else { Scheme::HTTP });
    parts.authority = Some(Authority::try_from(host)?);
    parts.path_and_query = Some(path.unwrap_or(PathAndQuery::from_static("/")));
    Ok(Uri::from_parts(parts)?)
}
