//! E-mail: from a message to what a server takes, and the server.

use std::time::{Duration, SystemTime};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message as Letter, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};

use super::{
    error::DeliveryError,
    settings::{MailSettings, SmtpSettings, SmtpTls},
    text::Written,
};
use crate::{clock::UnixSeconds, entropy::DecisionId};

/// The longest address (RFC 5321 section 4.5.3.1.3).
const LONGEST: usize = 254;

/// A server.
pub(super) type Server = AsyncSmtpTransport<Tokio1Executor>;

/// The server without a connection; `attempt` is how long a command may take.
pub(super) fn server(settings: &SmtpSettings, attempt: Duration) -> Result<Server, DeliveryError> {
    let tls = match settings.tls {
        SmtpTls::Implicit => Tls::Wrapper(parameters(settings)?),
        SmtpTls::StartTls => Tls::Required(parameters(settings)?),
        SmtpTls::Clear => Tls::None,
    };
    let builder = Server::builder_dangerous(settings.host.clone())
        .port(settings.port)
        .timeout(Some(attempt))
        .tls(tls);
    let builder = match &settings.hello {
        Some(name) => builder.hello_name(ClientId::Domain(name.clone())),
        None => builder,
    };
    Ok(match &settings.credentials {
        Some((user, password)) => {
            let credentials = Credentials::new(user.clone(), password.expose().clone());
            builder.credentials(credentials).build()
        }
        None => builder.build(),
    })
}

fn parameters(settings: &SmtpSettings) -> Result<TlsParameters, DeliveryError> {
    let builder = TlsParameters::builder(settings.host.clone());
    let builder = match &settings.authorities {
        None => builder,
        Some(authorities) => {
            let certificate = Certificate::from_pem(authorities)?;
            builder
                .certificate_store(CertificateStore::None)
                .add_root_certificate(certificate)
        }
    };
    Ok(builder.build()?)
}

/// An address that is one and nothing more: of a row that anybody may have written.
pub(super) fn address(text: &str) -> Result<Address, DeliveryError> {
    let fits =
        text.len() <= LONGEST && !text.chars().any(|it| it.is_control() || it.is_whitespace());
    let address = fits.then(|| text.parse().ok()).flatten();
    address.ok_or(DeliveryError::Address)
}

/// The letter: what it says is encoded, so that nothing of it is a header or ends it.
pub(super) fn letter(
    settings: &MailSettings,
    to: Address,
    written: Written,
    (now, id): (UnixSeconds, DecisionId),
) -> Result<Letter, DeliveryError> {
    let from = settings.from.0.clone();
    let id = format!("<{id}@{}>", from.email.domain());
    let builder = Letter::builder()
        .from(from)
        .to(Mailbox::new(None, to))
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(now.0))
        .message_id(Some(id))
        .subject(written.subject)
        .header(ContentType::TEXT_PLAIN);
    let builder = match &settings.reply_to {
        Some(reply_to) => builder.reply_to(reply_to.0.clone()),
        None => builder,
    };
    builder
        .body(written.body)
        .map_err(|_| DeliveryError::Unmade)
}

/// Hands it to the server.
pub(super) async fn send(server: &Server, letter: Letter) -> Result<(), DeliveryError> {
    server.send(letter).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_is_one_and_nothing_more() {
        for good in [
            "ann@example.com",
            "a.b+c@sub.example.co.kr",
            "\u{b098}@example.com",
        ] {
            address(good).expect(good);
        }
        let long = format!("{}@example.com", "a".repeat(1 << 20));
        for bad in [
            "",
            "ann",
            "ann@",
            "@example.com",
            "ann@example.com\r\nBcc: eve@example.com",
            "ann@example.com>\r\nRCPT TO:<eve@example.com",
            "ann@example.com, eve@example.com",
            "ann@example.com\0",
            "Ann <ann@example.com>",
            "ann @example.com",
            "ann@example.com ",
            &long,
        ] {
            assert!(address(bad).is_err(), "{bad:?}");
        }
    }
}
