//! What is asked: a request that nobody has sent.

use http::{HeaderName, HeaderValue, Method, Request, header};

use crate::{
    certificate::Identity, clock::UnixSeconds, http::client_address::PeerAddress,
    membership::Looked, revocation::feed::SecretSeen,
};

/// A request to be explained.
#[derive(Debug)]
pub struct Question<'a> {
    /// The method.
    pub method: Method,
    /// The target, in origin form.
    pub target: &'a str,
    /// The Host.
    pub host: &'a str,
    /// Further headers.
    pub headers: &'a [(HeaderName, HeaderValue)],
    /// A bearer token.
    pub token: Option<&'a str>,
    /// The client's certificate, as if it had been verified.
    pub certificate: Option<&'a Identity>,
    /// The other end of the connection.
    pub peer: PeerAddress,
    /// The row of the token's user, if it was looked up.
    pub row: Option<&'a Looked>,
    /// What has become of the user's password, if that was asked.
    pub secret: Option<SecretSeen>,
    /// The moment to decide at.
    pub now: UnixSeconds,
}

impl Question<'_> {
    /// The request that is asked about, as if it had come.
    pub(super) fn request(&self) -> Option<Request<()>> {
        let mut builder = Request::builder()
            .method(self.method.clone())
            .uri(self.target)
            .header(header::HOST, self.host);
        if let Some(token) = self.token {
            let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
            value.set_sensitive(true);
            builder = builder.header(header::AUTHORIZATION, value);
        }
        let mut request = builder.body(()).ok()?;
        for (name, value) in self.headers {
            request.headers_mut().append(name, value.clone());
        }
        Some(request)
    }
}
