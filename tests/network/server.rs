//! A TLS server with a certificate of an authority that no system knows.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use reqwest::Url;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tudone::sandbox::SandboxOptions;

use crate::support::{Checked, Machine, Sandbox};

/// The certificate of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// Valid for `localhost`.
    Good,
    /// Expired in 2020.
    Expired,
    /// For another name.
    OtherName,
}

/// A TLS server in front of a plain one. It ends when dropped.
pub(crate) struct TlsServer {
    port: u16,
    folder: TempDir,
    _until: oneshot::Sender<()>,
}

impl TlsServer {
    /// Serves what the plain `address` serves.
    pub(crate) fn in_front_of(address: &str, certificate: Certificate) -> Checked<Self> {
        Self::serve(listener()?, address, certificate)
    }

    fn serve(listener: TcpListener, address: &str, certificate: Certificate) -> Checked<Self> {
        let inner: Url = address.parse()?;
        let inner = SocketAddr::from((Ipv4Addr::LOCALHOST, inner.port().ok_or("no port")?));
        let port = listener.local_addr()?.port();
        let (authority, config) = issued(certificate)?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("authority.pem"), authority)?;

        let (until, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let accepting = accept(listener, TlsAcceptor::from(Arc::new(config)), inner);
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = accepting => {}
                    _ = ended => {}
                }
            });
        });
        Ok(Self {
            port,
            folder,
            _until: until,
        })
    }

    /// Host and port, as messages name it.
    pub(crate) fn authority(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// The address of `path`, which begins with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.authority())
    }

    /// The file with the certificate of the authority.
    pub(crate) fn authority_file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// Makes `machine` trust the authority.
    pub(crate) fn trusted_by(&self, machine: &mut Machine) -> Checked {
        let file = self.authority_file();
        machine.set("SSL_CERT_FILE", file.to_str().ok_or("not UTF-8")?);
        Ok(())
    }
}

/// A sandbox whose issuer and endpoint are `https`.
pub(crate) struct SecureSandbox {
    pub(crate) sandbox: Sandbox,
    pub(crate) server: TlsServer,
}

impl SecureSandbox {
    pub(crate) fn start(certificate: Certificate) -> Checked<Self> {
        let listener = listener()?;
        let port = listener.local_addr()?.port();
        let sandbox = Sandbox::in_process(SandboxOptions {
            interval_s: 1,
            public_url: Some(format!("https://localhost:{port}")),
            ..SandboxOptions::default()
        })?;
        let server = TlsServer::serve(listener, sandbox.address("control"), certificate)?;
        Ok(Self { sandbox, server })
    }

    /// A machine that trusts the authority, with somebody logged in.
    pub(crate) fn logged_in(&self) -> Checked<Machine> {
        let mut machine = Machine::at(&self.sandbox)?;
        self.server.trusted_by(&mut machine)?;
        machine.log_in(&self.sandbox, "ada@example.com")?;
        Ok(machine)
    }
}

fn listener() -> Checked<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    inner: SocketAddr,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (outside, _) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let mut outside = acceptor.accept(outside).await?;
            let mut inside = tokio::net::TcpStream::connect(inner).await?;
            copy_bidirectional(&mut outside, &mut inside).await
        });
    }
}

/// A new authority as PEM, and a server's configuration with a certificate of it.
fn issued(certificate: Certificate) -> Checked<(String, ServerConfig)> {
    let mut root = CertificateParams::new([])?;
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let name = "an authority of tests";
    root.distinguished_name.push(DnType::CommonName, name);
    let root_key = KeyPair::generate()?;
    let pem = root.self_signed(&root_key)?.pem();
    let root = Issuer::new(root, root_key);

    let name = match certificate {
        Certificate::Good | Certificate::Expired => "localhost",
        Certificate::OtherName => "other.example",
    };
    let mut server = CertificateParams::new([name.to_owned()])?;
    if certificate == Certificate::Expired {
        server.not_before = date_time_ymd(2019, 1, 1);
        server.not_after = date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate()?;
    let signed = server.signed_by(&key, &root)?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![signed.der().clone()], key)?;
    Ok((pem, config))
}
