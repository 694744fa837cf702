//! The thread with the web server.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, oneshot};

use crate::computed::Computed;
use crate::control::Control;
use crate::guard::Guard;
use crate::reach::Reach;
use crate::routes::{Shop, router};
use crate::runs::Runs;

/// Most connections at a time: what they may cost of memory is bounded.
const CONNECTIONS: usize = 256;

/// What the operating system keeps of an answer that a client has not received \[bytes\]; it may take twice as much.
const SENT_BYTES: u32 = 128 * 1024;

/// Connections that wait to be accepted.
const WAITING: u32 = 128;

/// How long a connection may take to say what it asks for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest head of a request \[bytes\]; only a decision has a body that is read.
const HEAD_BYTES: usize = 16 * 1024;

/// Why the page is not served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Others could reach it.
    #[error(
        "{0} can be reached from other computers; the page is for this one (127.0.0.1 or [::1])"
    )]
    NotLoopback(SocketAddr),
    /// It is every address of this computer, and no name was listed.
    #[error("{0} is every address of this computer; list a name or address with --host")]
    NoName(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen at {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The system gives no thread.
    #[error("cannot start the server: {0}")]
    Start(io::Error),
}

/// A web server on a thread of its own, until it is dropped. Nothing else in the process waits for it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    url: String,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts to serve these runs; with `control`, a browser with its token can stop the run of this process, and the page
    /// shows what is `computed` for it. Port 0 takes any that is free.
    ///
    /// # Errors
    /// If the address reaches further than it may, has no name, or cannot be had.
    pub fn start(
        address: SocketAddr,
        reach: Reach,
        runs: Runs,
        control: Option<Control>,
        computed: Computed,
    ) -> Result<Self, ServeError> {
        match &reach {
            Reach::ThisComputer if !address.ip().is_loopback() => {
                return Err(ServeError::NotLoopback(address));
            }
            Reach::Network(names) if address.ip().is_unspecified() && names.is_empty() => {
                return Err(ServeError::NoName(address));
            }
            _ => {}
        }
        let unheard = |error| ServeError::Listen { address, error };
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().map_err(ServeError::Start)?;
        let listener = {
            let _inside = runtime.enter();
            listener(address).map_err(unheard)?
        };
        let address = listener.local_addr().map_err(unheard)?;
        let shop = Arc::new(Shop {
            runs,
            control,
            computed,
            guard: Guard::new(address, &reach),
            watchers: Arc::new(AtomicUsize::new(0)),
            counted: Mutex::default(),
        });
        let (end, ended) = oneshot::channel();
        let serve = move || {
            runtime.block_on(until(ended, serve(listener, router(shop))));
            // A belief that is being computed delays no other request.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("page".into()).spawn(serve);
        let url = match reach.names().first() {
            Some(name) => name.url(address.port()),
            None => format!("http://{address}/"),
        };
        Ok(Self { address, url, end: Some(end), thread: Some(thread.map_err(ServeError::Start)?) })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where browsers find the page: by the first name that was listed, or at the address.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

async fn until(ended: oneshot::Receiver<()>, served: impl Future<Output = ()>) {
    tokio::select! {
        _ = ended => {}
        () = served => {}
    }
}

/// Listens at an address. Its connections have buffers of a size that does not grow with what a client does not read.
fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SENT_BYTES)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}

async fn serve(listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // Further connections wait in the queue of the operating system.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of files, for example.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let router = router.clone();
        tokio::spawn(async move {
            connection(stream, router).await;
            drop(place);
        });
    }
}

/// Answers what one connection asks for. Its errors affect no other connection.
async fn connection(stream: TcpStream, router: Router) {
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(HEAD_BYTES);
    let served = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let _gone = served.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise the operating system lets it grow to megabytes for each client that reads nothing.
    #[test]
    fn a_connection_has_a_send_buffer_of_the_size_that_is_set() {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().unwrap();
        let (taken, wanted) = runtime.block_on(async {
            let listener = listener("127.0.0.1:0".parse().unwrap()).unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap());
            let (taken, client) = tokio::join!(listener.accept(), client);
            let taken = TcpSocket::from_std_stream(taken.unwrap().0.into_std().unwrap());
            let wanted = TcpSocket::new_v4().unwrap();
            wanted.set_send_buffer_size(SENT_BYTES).unwrap();
            drop(client.unwrap());
            (taken.send_buffer_size().unwrap(), wanted.send_buffer_size().unwrap())
        });
        assert_eq!(taken, wanted);
    }
}
