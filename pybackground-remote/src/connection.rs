//! Connecting, and noticing that the connection is lost and is back.

use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event};
use pybackground_runtime::__engine::Settings;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::address;
use crate::troubles::Troubles;

/// How long the first connection is tried.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(4);

/// After how long without a word of the server the client sends a ping. The third without an answer ends the connection.
pub(crate) const PING: Duration = Duration::from_secs(10);

/// The pauses between attempts.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Lost,
    Back,
}

/// A connection, and what becomes of it.
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// The engine connects again by itself.
    pub(crate) changes: UnboundedReceiver<Change>,
    pub(crate) troubles: watch::Receiver<Troubles>,
}

/// Connects to one of the servers.
///
/// # Errors
///
/// Why there is no connection, after some seconds; at once if the server refuses this program.
pub(crate) async fn connect(settings: &Settings, name: &str) -> Result<Connection, String> {
    let servers = address::servers(settings);
    let shown = &settings.url;
    let end = Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    loop {
        let (sender, changes) = unbounded_channel();
        let (trouble, troubles) = watch::channel(Troubles::default());
        let options = options(settings, name)?.event_callback(move |event| {
            let change = match event {
                Event::Connected => Some(Change::Back),
                Event::Disconnected => Some(Change::Lost),
                Event::ServerError(said) => {
                    trouble.send_if_modified(|troubles| troubles.note(&said));
                    None
                }
                _ => None,
            };
            if change == Some(Change::Lost) {
                trouble.send_modify(|troubles| troubles.losses += 1);
            }
            // Without a receiver the connection is about to end.
            let _ = change.map(|change| sender.send(change));
            async {}
        });
        let why = match timeout(ATTEMPT, options.connect(servers.clone())).await {
            Ok(Ok(client)) => return Ok(Connection { client, changes, troubles }),
            Ok(Err(error)) => {
                let why = error.to_string();
                if let Some(refusal) = refusal(error.kind(), &why) {
                    return Err(format!("{shown}: {refusal}: {why}"));
                }
                why
            }
            Err(_) => "it does not answer".to_owned(),
        };
        if Instant::now() + pause >= end {
            return Err(format!(
                "{shown}: {why}; start a server there (`nats-server -js`), or write its address"
            ));
        }
        sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Returns what to do about an error that does not go away.
fn refusal(kind: ConnectErrorKind, why: &str) -> Option<&'static str> {
    // A certificate that is not trusted comes as an error of the connection, and so does a server without TLS.
    let is_about_tls = why.contains("certificate") || why.contains("corrupt message");
    let kind = if is_about_tls { ConnectErrorKind::Tls } else { kind };
    match kind {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            Some("the server refuses this program's credentials; see PYBACKGROUND_REMOTE_CREDS")
        }
        ConnectErrorKind::Tls => Some(
            "no encrypted connection came about; see PYBACKGROUND_REMOTE_CA, and write `nats://..` if the server has no \
             TLS and is on this machine",
        ),
        ConnectErrorKind::ServerParse => Some("the address is not understood"),
        _ => None,
    }
}

fn options(settings: &Settings, name: &str) -> Result<ConnectOptions, String> {
    let mut options = ConnectOptions::new()
        .name(name)
        .subscription_capacity(1 << 20)
        .connection_timeout(ATTEMPT)
        .request_timeout(Some(crate::server::LIMIT))
        .ping_interval(PING)
        .reconnect_delay_callback(|attempts| {
            let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(8);
            LONGEST_PAUSE.min(FIRST_PAUSE * 2_u32.pow(doublings))
        });
    if let Some(file) = &settings.credentials {
        let wrong = |why: String| format!("the credentials in `{}`: {why}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
        options = with_credentials(options, &text).map_err(wrong)?;
    }
    if let Some(file) = &settings.ca {
        options = options.add_root_certificates(file.clone());
    }
    if let Some((certificate, key)) = &settings.certificate {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    Ok(options.require_tls(address::needs_tls(settings)))
}

/// Reads the content of a file with credentials: as `nsc` writes it, or the seed of a key, or a user and a password.
fn with_credentials(options: ConnectOptions, text: &str) -> Result<ConnectOptions, String> {
    let line = text.trim();
    if line.contains("-----BEGIN") {
        return options.credentials(text).map_err(|error| error.to_string());
    }
    match line.split_once(':') {
        Some((user, password)) if !line.contains('\n') => {
            Ok(options.user_and_password(user.to_owned(), password.to_owned()))
        }
        None if line.starts_with("SU") && line.len() > 50 => Ok(options.nkey(line.to_owned())),
        _ => Err("a file as `nsc` writes it is expected, or a line with the seed of a key, or with `user:password`".to_owned()),
    }
}
