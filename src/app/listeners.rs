//! Sockets to accept on, and what is wanted of clients there.

use std::{io, sync::Arc};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{StartError, takeover::Named};
use crate::{
    config::{
        compiled::{Compiled, Server},
        source::{Environment, ProcessEnvironment},
    },
    listener::{
        Acceptor, AddressLimit, Bound, BoundAddress, CertificateHeaders, Entrance, HandedOver, Tls,
        Workers, bind,
    },
};

/// Everything that can fail has been done.
#[derive(Debug)]
pub(super) struct Opened {
    sockets: Vec<(Bound, Entrance)>,
    /// How many connections an address may have on all of them.
    pub(super) address_limit: Arc<AddressLimit>,
}

/// What the service manager handed over.
pub(super) fn handed_over() -> HandedOver {
    let names = ProcessEnvironment.get("LISTEN_FDNAMES");
    HandedOver::find(names.as_deref())
}

/// Listens, and reads certificates.
pub(super) fn open(
    compiled: &Compiled,
    handed_over: &mut HandedOver,
) -> Result<Opened, StartError> {
    let server = &compiled.server;
    let headers = CertificateHeaders::new(compiled.identity.certificate_headers.clone());
    let address_limit = Arc::new(AddressLimit::new(server.address_limit.clone()));
    let opened = server.listeners.iter().map(|listener| {
        let open = |tls| Tls::open(tls, headers.clone());
        let tls = listener.tls.clone().map(open).transpose()?;
        let entrance = Entrance {
            protocols: listener.protocols,
            tls: tls.map(Arc::new),
            proxies: listener.proxies.clone(),
            address_limit: Arc::clone(&address_limit),
        };
        Ok((bind(&listener.address, handed_over)?, entrance))
    });
    let sockets = opened.collect::<Result<_, StartError>>()?;
    Ok(Opened {
        sockets,
        address_limit,
    })
}

impl Opened {
    /// Where clients connect.
    pub(super) fn addresses(&self) -> Vec<BoundAddress> {
        let bound = self.sockets.iter();
        bound.map(|(bound, _)| bound.address.clone()).collect()
    }

    /// A second hold on each socket, with its address in the configuration.
    pub(super) fn clones(&self, server: &Server) -> io::Result<Vec<Named>> {
        let addresses = server.listeners.iter().map(|listener| &listener.address);
        let clones = addresses.zip(&self.sockets).map(|(address, (bound, _))| {
            Ok(Named {
                name: address.to_string(),
                socket: bound.try_clone()?,
            })
        });
        clones.collect()
    }

    /// The TLS of those that speak it.
    pub(super) fn tls(&self) -> Vec<Arc<Tls>> {
        let entrances = self.sockets.iter();
        entrances
            .filter_map(|(_, entrance)| entrance.tls.clone())
            .collect()
    }

    /// One future for each socket, which accepts until the drain begins.
    pub(super) fn accept(
        self,
        max_connections: usize,
        workers: &Arc<Workers>,
        draining: &CancellationToken,
    ) -> io::Result<Vec<impl Future<Output = ()> + Send + use<>>> {
        let permits = Arc::new(Semaphore::new(max_connections));
        let accepting = self.sockets.into_iter().map(|(bound, entrance)| {
            let acceptor = Acceptor::new(bound, Arc::clone(&permits), entrance)?;
            Ok(acceptor.run(Arc::clone(workers), draining.clone()))
        });
        accepting.collect()
    }
}
