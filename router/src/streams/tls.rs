//! TLS as a server and as a client, with certificates that may change while it runs.
//!
//! TLS 1.2 and 1.3 with the suites of *ring*: ephemeral keys and AEAD alone. Connections keep what they began with.

use super::{Shared, StreamError};
use config::{Credentials, Tls};
use jiff::Timestamp;
use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};
use tokio::{
    sync::{OnceCell, watch},
    time::sleep,
};
use tokio_rustls::rustls::{
    self, ALL_VERSIONS, ClientConfig, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    server::WebPkiClientVerifier,
    sign::{CertifiedKey, SingleCertAndKey},
};

/// The certificates in use.
#[derive(Debug)]
pub(super) struct TlsKeeper {
    files: Tls,
    current: RwLock<Arc<Loaded>>,
}

/// What one reading of the files came to.
#[derive(Debug)]
struct Loaded {
    credentials: Credentials,
    /// For SIP over TLS, where a certificate may be asked for.
    peers: Option<Arc<ServerConfig>>,
    /// For WebSocket over TLS: nobody asks a browser for a certificate.
    pages: Option<Arc<ServerConfig>>,
    /// For HTTPS: desk and operator.
    http: Option<Arc<ServerConfig>>,
    /// Made when first needed: the system's authorities are many.
    client: OnceCell<Arc<ClientConfig>>,
}

impl TlsKeeper {
    pub(super) fn load(files: Tls) -> Result<Self, StreamError> {
        let loaded = Loaded::new(files.load()?)?;
        Ok(Self { files, current: RwLock::new(Arc::new(loaded)) })
    }
    /// Whether there is a certificate to show.
    pub(super) fn has_identity(&self) -> bool {
        self.current().credentials.identity.is_some()
    }
    /// For who connects to `sip.tls`.
    pub(super) fn for_peers(&self) -> Option<Arc<ServerConfig>> {
        self.current().peers.clone()
    }
    /// For who connects to `sip.wss`.
    pub(super) fn for_pages(&self) -> Option<Arc<ServerConfig>> {
        self.current().pages.clone()
    }
    /// For who asks by HTTPS.
    pub(super) fn for_http(&self) -> Option<Arc<ServerConfig>> {
        self.current().http.clone()
    }
    /// When the certificate that is shown ends.
    pub(super) fn end(&self) -> Option<Timestamp> {
        self.current().credentials.end()
    }
    /// For connecting to others.
    pub(super) async fn client(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        let loaded = self.current();
        let client = loaded.client.get_or_try_init(|| client(&loaded.credentials)).await?;
        Ok(Arc::clone(client))
    }
    fn current(&self) -> Arc<Loaded> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
    /// Reads the files again. What cannot be used leaves everything as it is.
    fn read_again(&self) {
        let loaded = self.files.load().map_err(StreamError::from).and_then(|c| Ok(Loaded::new(c)?));
        match loaded {
            Ok(loaded) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
                tracing::info!("the certificates were read again; new connections use them");
            }
            Err(error) => {
                tracing::error!(%error, "certificates have changed and cannot be used; the old ones stay")
            }
        }
    }
    /// When each file last changed, and how long it is.
    fn stamps(&self) -> Vec<Option<(SystemTime, u64)>> {
        let identity = self.files.identity.iter().flat_map(|files| [&files.certificate, &files.key]);
        identity.chain(&self.files.ca).chain(&self.files.client_ca).map(|path| stamp(path)).collect()
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}

/// Takes up changed certificates until the streams end: looks now and then, and whenever it is told to.
pub(super) async fn watch(shared: Arc<Shared>, mut reloads: watch::Receiver<()>) {
    let look = |shared: &Arc<Shared>| {
        let shared = Arc::clone(shared);
        tokio::task::spawn_blocking(move || shared.tls.stamps())
    };
    let Ok(mut known) = look(&shared).await else { return };
    loop {
        let told = tokio::select! {
            told = reloads.changed() => match told {
                Ok(()) => true,
                Err(_) => return,
            },
            () = sleep(shared.times.reload) => false,
        };
        let Ok(now) = look(&shared).await else { return };
        if !told && now == known {
            continue;
        }
        known = now;
        let shared = Arc::clone(&shared);
        let read = move || {
            shared.tls.read_again();
            shared.metrics.upkeep.certificate_ends(shared.tls.end());
        };
        if tokio::task::spawn_blocking(read).await.is_err() {
            return; // the runtime stops
        }
    }
}

impl Loaded {
    fn new(credentials: Credentials) -> Result<Self, rustls::Error> {
        let server = |asked: Option<&Arc<RootCertStore>>, protocols: &[&[u8]]| {
            credentials.identity.as_ref().map(|identity| server(identity, asked, protocols)).transpose()
        };
        let (peers, pages) = (server(credentials.client_ca.as_ref(), &[])?, server(None, &[])?);
        let http = server(None, &[b"http/1.1"])?;
        Ok(Self { credentials, peers, pages, http, client: OnceCell::new() })
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn server(
    identity: &Arc<CertifiedKey>,
    asked: Option<&Arc<RootCertStore>>,
    protocols: &[&[u8]],
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(ALL_VERSIONS)?;
    let builder = match asked {
        None => builder.with_no_client_auth(),
        Some(authorities) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(authorities), provider());
            let verifier = verifier.build().map_err(|error| rustls::Error::General(error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let resolver = SingleCertAndKey::from(Arc::clone(identity));
    let mut server = builder.with_cert_resolver(Arc::new(resolver));
    server.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(server))
}

async fn client(credentials: &Credentials) -> Result<Arc<ClientConfig>, rustls::Error> {
    let authorities = match &credentials.ca {
        Some(authorities) => Arc::clone(authorities),
        None => system_authorities().await,
    };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(ALL_VERSIONS)?
        .with_root_certificates(authorities);
    let config = match &credentials.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(identity))))
        }
    };
    Ok(Arc::new(config))
}

/// Whom the administrator of this machine believes.
async fn system_authorities() -> Arc<RootCertStore> {
    let read = tokio::task::spawn_blocking(|| {
        let found = rustls_native_certs::load_native_certs();
        let mut store = RootCertStore::empty();
        let (taken, _left) = store.add_parsable_certificates(found.certs);
        if taken == 0 {
            tracing::error!("the system has no authorities that could vouch for a peer; name them in tls.ca");
        }
        store
    });
    Arc::new(read.await.unwrap_or_else(|_| RootCertStore::empty()))
}
