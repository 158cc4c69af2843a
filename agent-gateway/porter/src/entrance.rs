//! Encrypts connections where that is asked for, within bounds of time and number.

use crate::places::{Places, Shares};
use std::{fmt, net::IpAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// How long a TLS handshake may take.
pub const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);
/// Handshakes of one port under way at the same time. One more is closed.
pub const HANDSHAKES: usize = 1_024;
/// How they are given out: an office behind one address may have half, and a check on this machine always gets in.
const SHARES: Shares = Shares { all: HANDSHAKES, of_site: HANDSHAKES / 2, kept: 32 };
/// The `Strict-Transport-Security` (RFC 6797) of a port that is encrypted: for a year the browser asks for nothing else.
pub const STRICT_TRANSPORT: &str = "max-age=31536000";
/// The first octet of a TLS handshake (RFC 8446 §5.1).
const HANDSHAKE_RECORD: u8 = 22;
/// What is said to somebody who speaks in the clear.
const SPEAK_TLS: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 46\r\n\
    Connection: close\r\n\r\nthis port speaks HTTPS alone; ask by https://\n";
/// Octets of such a request that are read and thrown away, so that the answer arrives before the end.
const LEFTOVER: usize = 64 * 1024;

/// The certificate to show, as it is at the moment; none when there is none to show.
pub type Certificate = Arc<dyn Fn() -> Option<Arc<ServerConfig>> + Send + Sync>;

/// A connection, encrypted or not.
pub trait Line: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}
/// A connection that has come in.
pub type Socket = Box<dyn Line>;

/// Why somebody who connected was sent away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Too many are there.
    Full,
    /// Too many of them come from this address.
    AddressFull,
    /// The handshake took too long.
    Time,
    /// It failed.
    Handshake,
    /// Somebody spoke in the clear, and was told.
    Clear,
}

impl Refused {
    /// Its word in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::AddressFull => "address_full",
            Self::Time => "time",
            Self::Handshake => "handshake",
            Self::Clear => "clear",
        }
    }
}

/// How connections come in at one port.
#[derive(Clone)]
pub struct Entrance {
    certificate: Option<Certificate>,
    handshakes: Arc<Places>,
}

impl Entrance {
    /// Unencrypted.
    #[must_use]
    pub fn open() -> Self {
        Self { certificate: None, handshakes: Places::new(SHARES) }
    }
    /// Over TLS alone.
    #[must_use]
    pub fn encrypted(certificate: Certificate) -> Self {
        Self { certificate: Some(certificate), handshakes: Places::new(SHARES) }
    }
    /// Whether it is over TLS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.certificate.is_some()
    }
    /// Lets a connection in.
    ///
    /// # Errors
    /// [`Refused`]: it is closed by then.
    pub async fn admit(&self, socket: TcpStream, from: IpAddr) -> Result<Socket, Refused> {
        let Some(certificate) = &self.certificate else { return Ok(Box::new(socket)) };
        let _place = self.handshakes.take(from)?;
        // Boxed, as thousands of idle connections must not each keep room for a handshake.
        let handshake = Box::pin(encrypt(socket, certificate));
        timeout(HANDSHAKE_WITHIN, handshake).await.unwrap_or(Err(Refused::Time))
    }
}

impl fmt::Debug for Entrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_encrypted() { "Entrance(TLS)" } else { "Entrance" })
    }
}

async fn encrypt(mut socket: TcpStream, certificate: &Certificate) -> Result<Socket, Refused> {
    let mut first = [0];
    match socket.peek(&mut first).await {
        Ok(1) if first[0] == HANDSHAKE_RECORD => {}
        Ok(1) => {
            explain(&mut socket).await;
            return Err(Refused::Clear);
        }
        Ok(_) | Err(_) => return Err(Refused::Handshake),
    }
    let config = certificate().ok_or(Refused::Handshake)?;
    match TlsAcceptor::from(config).accept(socket).await {
        Ok(socket) => Ok(Box::new(socket)),
        Err(error) => {
            tracing::debug!(%error, "a TLS handshake failed");
            Err(Refused::Handshake)
        }
    }
}

/// Says in the clear that nothing is said in the clear.
async fn explain(socket: &mut TcpStream) {
    if socket.write_all(SPEAK_TLS).await.is_err() || socket.shutdown().await.is_err() {
        return;
    }
    let (mut left, mut buffer) = (LEFTOVER, [0; 1024]);
    while let Ok(read @ 1..) = socket.read(&mut buffer).await {
        left = left.saturating_sub(read);
        if left == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use tokio::net::TcpListener;
    use tokio_rustls::{
        TlsConnector,
        rustls::{
            ClientConfig, RootCertStore,
            crypto::ring,
            pki_types::{PrivateKeyDer, ServerName},
        },
    };

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    /// An entrance, and somebody who believes its certificate.
    fn made() -> (Entrance, TlsConnector) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let provider = Arc::new(ring::default_provider());
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = Arc::new(server);
        let certificate: Certificate = Arc::new(move || Some(Arc::clone(&server)));
        (Entrance::encrypted(certificate), TlsConnector::from(Arc::new(client)))
    }

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind((HERE, 0)).await.unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (listener.accept().await.unwrap().0, theirs)
    }

    #[tokio::test]
    async fn what_is_said_after_the_handshake_arrives() {
        let ((ours, theirs), (entrance, connector)) = (pair().await, made());
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let (admitted, connected) = tokio::join!(entrance.admit(ours, HERE), connector.connect(name, theirs));
        let (mut admitted, mut connected) = (admitted.unwrap(), connected.unwrap());
        connected.write_all(b"hello").await.unwrap();
        connected.flush().await.unwrap();
        let mut heard = [0; 5];
        admitted.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"hello");
    }

    #[tokio::test]
    async fn who_speaks_in_the_clear_is_told_so_and_closed() {
        let ((ours, mut theirs), (entrance, _)) = (pair().await, made());
        let asking = async {
            theirs.write_all(b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n").await.unwrap();
            let mut text = String::new();
            theirs.read_to_string(&mut text).await.unwrap();
            drop(theirs);
            text
        };
        let (admitted, text) = tokio::join!(entrance.admit(ours, HERE), asking);
        assert_eq!(admitted.err(), Some(Refused::Clear));
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{text}");
        assert!(body.contains("https://"));
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_closed_in_time() {
        let ((ours, _theirs), (entrance, _)) = (pair().await, made());
        let begun = tokio::time::Instant::now();
        assert_eq!(entrance.admit(ours, HERE).await.err(), Some(Refused::Time));
        assert_eq!(begun.elapsed().as_secs(), HANDSHAKE_WITHIN.as_secs());
        assert_eq!(entrance.handshakes.taken(), 0);
    }
}
