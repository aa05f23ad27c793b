//! The operators' socket: its connections stay on the runtime that accepts them.

use std::io;

use tokio::net::{TcpStream, UnixStream};

use super::{accept::Listener, bind::Bound};

/// Accepts operators.
#[derive(Debug)]
pub struct Operators(Listener);

/// A connection of an operator.
#[derive(Debug)]
pub enum OperatorStream {
    /// Over an address, which programs of other users on this machine may reach too.
    Tcp(TcpStream),
    /// Over a file, which has permissions.
    Unix(UnixStream),
}

impl Operators {
    /// Has to be called inside the runtime that serves them.
    pub fn new(bound: Bound) -> io::Result<Self> {
        Listener::new(bound).map(Self)
    }

    /// The next connection.
    pub async fn accept(&self) -> io::Result<OperatorStream> {
        match &self.0 {
            Listener::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok(OperatorStream::Tcp(stream))
            }
            Listener::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                Ok(OperatorStream::Unix(stream))
            }
        }
    }
}
