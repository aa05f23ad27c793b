//! A client that speaks TLS.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
    crypto::aws_lc_rs::{default_provider, sign::any_supported_type},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};

use super::{
    PATIENCE, Request, Response,
    certificates::{Authority, Issued},
};

/// How to connect.
#[derive(Clone)]
pub(crate) struct TlsClient {
    roots: Arc<RootCertStore>,
    versions: Vec<&'static SupportedProtocolVersion>,
    protocols: Vec<Vec<u8>>,
    identity: Option<Issued>,
    name: ServerName<'static>,
}

/// A connection for one request after another.
pub(crate) struct TlsConnection(BufReader<StreamOwned<ClientConnection, TcpStream>>);

impl TlsClient {
    /// Asks for `name`, and wants it to be signed by this authority.
    pub(crate) fn to(name: &str, authority: &Authority) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der()).expect("an authority");
        Self {
            roots: Arc::new(roots),
            versions: vec![&rustls::version::TLS13, &rustls::version::TLS12],
            protocols: Vec::new(),
            identity: None,
            name: name.to_owned().try_into().expect("a name"),
        }
    }

    pub(crate) fn version(mut self, version: &'static SupportedProtocolVersion) -> Self {
        self.versions = vec![version];
        self
    }

    pub(crate) fn protocols(mut self, protocols: &[&str]) -> Self {
        let protocols = protocols
            .iter()
            .map(|protocol| protocol.as_bytes().to_vec());
        self.protocols = protocols.collect();
        self
    }

    pub(crate) fn identity(mut self, issued: &Issued) -> Self {
        self.identity = Some(issued.clone());
        self
    }

    /// Shakes hands.
    pub(crate) fn connect(&self, address: SocketAddr) -> io::Result<TlsConnection> {
        self.over(TcpStream::connect(address)?)
    }

    /// Shakes hands on a connection that may have said something already.
    pub(crate) fn over(&self, mut stream: TcpStream) -> io::Result<TlsConnection> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let config = Arc::new(self.config());
        let session = ClientConnection::new(config, self.name.clone());
        let mut session = session.map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut stream)?;
        }
        Ok(TlsConnection(BufReader::new(StreamOwned::new(
            session, stream,
        ))))
    }

    fn config(&self) -> ClientConfig {
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&self.versions)
            .expect("versions")
            .with_root_certificates(Arc::clone(&self.roots));
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(issued) => {
                let chain = CertificateDer::pem_slice_iter(issued.certificate.as_bytes());
                let chain = chain.collect::<Result<_, _>>().expect("a chain");
                let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).expect("a key");
                let key = any_supported_type(&key).expect("a key");
                // Nobody looks whether the two belong together.
                let identity = SingleCertAndKey::from(CertifiedKey::new(chain, key));
                builder.with_client_cert_resolver(Arc::new(identity))
            }
        };
        config.alpn_protocols.clone_from(&self.protocols);
        config
    }
}

impl TlsConnection {
    /// The certificate that was presented.
    pub(crate) fn presented(&self) -> CertificateDer<'static> {
        let certificates = self.0.get_ref().conn.peer_certificates();
        let first = certificates.and_then(<[_]>::first);
        first.expect("a certificate").clone().into_owned()
    }

    /// What was agreed by ALPN.
    pub(crate) fn protocol(&self) -> Option<String> {
        let agreed = self.0.get_ref().conn.alpn_protocol();
        agreed.map(|name| String::from_utf8_lossy(name).into_owned())
    }

    #[track_caller]
    pub(crate) fn send(&mut self, request: &Request) -> Response {
        self.try_send(request).expect("a response")
    }

    pub(crate) fn try_send(&mut self, request: &Request) -> io::Result<Response> {
        self.write(&request.bytes())?;
        self.response()
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)?;
        self.0.get_mut().flush()
    }

    /// Says that nothing more will come.
    pub(crate) fn close_notify(&mut self) -> io::Result<()> {
        let stream = self.0.get_mut();
        stream.conn.send_close_notify();
        stream.flush()
    }

    /// A response whose body has a length.
    pub(crate) fn response(&mut self) -> io::Result<Response> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line == "\r\n" {
                break;
            }
            lines.push(line.trim_end().to_owned());
        }
        let mut words = lines.first().expect("a line").split(' ');
        let mut response = Response {
            version: words.next().unwrap_or_default().to_owned(),
            status: words
                .next()
                .and_then(|word| word.parse().ok())
                .expect("a status"),
            headers: Vec::new(),
            body: Vec::new(),
            whole: true,
        };
        let headers = lines
            .iter()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        response.headers = headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let length = response.header("content-length").map(str::parse);
        response.body = vec![0; length.expect("a length").expect("a number")];
        self.0.read_exact(&mut response.body)?;
        Ok(response)
    }
}
