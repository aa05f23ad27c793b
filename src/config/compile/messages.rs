//! Messages to users.

use std::{collections::HashMap, io, sync::Arc};

use ::http::{HeaderName, HeaderValue};
use serde_json::json;

use super::{Findings, database, rules::Broken, tokens::secret_text};
use crate::{
    config::{
        document::{
            Document,
            messages::{Delivery, Hook, Mail, MailTo, Sms, SmsTo, Smtp, SmtpTls, Texts},
        },
        reading::places::key_step,
        source::{Files as _, LARGEST_SOURCE},
    },
    fetch::{Site, Transport},
    mailer::{self, Channel, Kind, Patience, Sender, Settings, Text},
    upstream::{Tls, TlsFiles},
};

/// `None` where anything in it is a mistake.
pub(super) fn compile(document: &Document, findings: &mut Findings<'_>) -> Option<Settings> {
    for (path, there) in [
        ("mail", document.mail.is_some()),
        ("sms", document.sms.is_some()),
    ] {
        if there && document.codes.is_none() {
            findings.warning(path, "nothing is sent", "add `codes`, or remove it");
        }
    }
    let mail = document.mail.as_ref();
    let mail = mail.map(|written| self::mail(written, findings).ok_or(Broken));
    let site = document.mail.as_ref().and_then(|mail| {
        let from = Sender::parse(&mail.from);
        mail.texts
            .site
            .clone()
            .or_else(|| Some(from?.site().to_owned()))
    });
    let phone = document.sms.as_ref();
    let phone = phone.map(|written| self::phone(written, site, findings).ok_or(Broken));
    Some(Settings {
        mail: mail.transpose().ok()?,
        phone: phone.transpose().ok()?,
    })
}

fn mail(written: &Mail, findings: &mut Findings<'_>) -> Option<mailer::MailSettings> {
    let from = sender(&written.from, "mail.from", findings);
    let reply_to = written.reply_to.as_deref();
    let reply_to = reply_to.map(|text| sender(text, "mail.reply_to", findings).ok_or(Broken));
    let patience = patience(&written.delivery, "mail.delivery", findings);
    let to = match &written.to {
        MailTo::Smtp(smtp) => self::smtp(smtp, patience, findings).map(mailer::MailTo::Smtp),
        MailTo::Directory(path) => Some(mailer::MailTo::Folder(findings.resolve(path))),
        MailTo::Log => {
            in_the_log("mail.to", findings);
            Some(mailer::MailTo::Log)
        }
    };
    let site = from.as_ref().map(|from| from.site().to_owned());
    let texts = texts(
        &written.texts,
        (Channel::Mail, "mail.texts"),
        site,
        findings,
    );
    Some(mailer::MailSettings {
        from: from?,
        reply_to: reply_to.transpose().ok()?,
        to: to?,
        texts: texts?,
        patience,
    })
}

fn phone(
    written: &Sms,
    site: Option<String>,
    findings: &mut Findings<'_>,
) -> Option<mailer::PhoneSettings> {
    let to = match &written.to {
        SmsTo::Hook(hook) => self::hook(hook, findings).map(|it| mailer::PhoneTo::Hook(it.into())),
        SmsTo::Directory(path) => Some(mailer::PhoneTo::Folder(findings.resolve(path))),
        SmsTo::Log => {
            in_the_log("sms.to", findings);
            Some(mailer::PhoneTo::Log)
        }
    };
    let texts = texts(
        &written.texts,
        (Channel::Phone, "sms.texts"),
        site,
        findings,
    );
    let patience = patience(&written.delivery, "sms.delivery", findings);
    Some(mailer::PhoneSettings {
        to: to?,
        texts: texts?,
        patience,
    })
}

fn in_the_log(path: &str, findings: &mut Findings<'_>) {
    let message = "codes and links stand in the log: whoever reads it can choose passwords";
    findings.warning(path, message, "send them, outside of a first run");
}

fn sender(text: &str, path: &str, findings: &mut Findings<'_>) -> Option<Sender> {
    let sender = Sender::parse(text).ok_or("this is no address of e-mail");
    let fix = "write no-reply@example.com, or Example <no-reply@example.com>";
    findings.take(sender, path, fix)
}

fn patience(written: &Delivery, path: &str, findings: &mut Findings<'_>) -> Patience {
    let patience = Patience {
        queue: written.queue.into(),
        attempt: written.attempt.into(),
        keep_trying: written.keep_trying.into(),
    };
    if patience.queue == 0 {
        findings.mistake(
            &format!("{path}.queue"),
            "nothing would be sent",
            "write 256",
        );
    }
    if patience.attempt.is_zero() {
        let path = format!("{path}.attempt");
        findings.mistake(&path, "nothing would be sent in this time", "write 20s");
    }
    patience
}

fn smtp(
    written: &Smtp,
    patience: Patience,
    findings: &mut Findings<'_>,
) -> Option<mailer::SmtpSettings> {
    const PATH: &str = "mail.to.smtp";
    let (tls, port) = match written.tls {
        SmtpTls::Starttls => (mailer::SmtpTls::StartTls, 587),
        SmtpTls::Implicit => (mailer::SmtpTls::Implicit, 465),
        SmtpTls::ClearText => (mailer::SmtpTls::Clear, 25),
    };
    let ca = written.ca.as_deref();
    let ca_path = format!("{PATH}.ca");
    let authorities = ca.map(|ca| database::read_authorities(ca, &ca_path, findings).ok_or(Broken));
    let password = written.password.as_ref();
    let password =
        password.map(|text| secret_text(text, &format!("{PATH}.password"), findings).ok_or(Broken));
    if written.user.is_some() != written.password.is_some() {
        let fix = "write both `user` and `password`, or neither";
        findings.mistake(PATH, "nobody logs in with the half of it", fix);
    }
    let is_near = matches!(&*written.host, "localhost" | "127.0.0.1" | "::1");
    if written.tls == SmtpTls::ClearText && !is_near {
        let path = format!("{PATH}.tls");
        if password.is_some() {
            let message = "the password would cross the network in clear text";
            findings.mistake(&path, message, "write starttls or implicit");
        } else {
            let message = "codes and links cross the network in clear text";
            findings.warning(&path, message, "write starttls or implicit");
        }
    }
    let settings = mailer::SmtpSettings {
        host: written.host.clone(),
        port: written.port.unwrap_or(port),
        tls,
        authorities: authorities.transpose().ok()?,
        credentials: written.user.clone().zip(password.transpose().ok()?),
        hello: written.hello.clone(),
    };
    if !settings.check(patience.attempt) {
        let fix = "name a PEM file with certificates of authorities in `ca`";
        findings.mistake(&ca_path, "nobody's certificate could be verified", fix);
        return None;
    }
    Some(settings)
}

fn hook(written: &Hook, findings: &mut Findings<'_>) -> Option<mailer::HookSettings> {
    const PATH: &str = "sms.to.hook";
    let files = TlsFiles {
        authorities: written.ca.as_deref().map(|ca| findings.resolve(ca)),
        pair: None,
    };
    let fix = "name a PEM file with certificates of authorities in `ca`";
    let tls = findings.take(Tls::load(files), &format!("{PATH}.ca"), fix)?;
    let transport = Transport {
        tls: Arc::new(tls),
        clear_text: written.clear_text.is_some(),
    };
    let fix = "write https://, or say `clear_text: acknowledged` beside it";
    let site = Site::parse(&written.url, &transport);
    let site = findings.take(site, &format!("{PATH}.url"), fix);
    let mut headers = Vec::new();
    for (name, value) in &written.headers {
        let path = format!("{PATH}.headers{}", key_step(name));
        let value = secret_text(value, &path, findings)?;
        let name = HeaderName::try_from(name).map_err(|_| "this is no name of a header");
        let name = findings.take(name, &path, "use letters, digits and -");
        let value = HeaderValue::try_from(value.expose()).map_err(|_| "no header has this value");
        let value = findings.take(value, &path, "use printing characters");
        let (Some(name), Some(mut value)) = (name, value) else {
            continue;
        };
        value.set_sensitive(true);
        headers.push((name, value));
    }
    let usual = || json!({ "to": "{phone}", "text": "{text}" });
    let body = written.body.clone().unwrap_or_else(usual);
    let text = body.to_string();
    if !text.contains("{phone}") || !text.contains("{text}") {
        let message = "nobody would be told anything";
        findings.mistake(
            &format!("{PATH}.body"),
            message,
            "use {phone} and {text} in it",
        );
    }
    Some(mailer::HookSettings {
        site: site?,
        headers,
        body,
    })
}

fn texts(
    written: &Texts,
    (channel, path): (Channel, &str),
    site: Option<String>,
    findings: &mut Findings<'_>,
) -> Option<mailer::Texts> {
    if written.languages.is_empty() {
        let path = format!("{path}.languages");
        findings.mistake(&path, "there would be no text", "write [en], or [ko, en]");
    }
    let site = written.site.clone().or(site);
    if site.is_none() {
        findings.absence(path, "nobody would know who writes", "add `site: …`");
    }
    let mut texts = Some(HashMap::new());
    for (number, language) in written.languages.iter().enumerate() {
        let path = format!("{path}.languages[{number}]");
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if language.is_empty() || !language.bytes().all(plain) {
            findings.mistake(&path, "this is no language", "write en, ko or zh-Hant");
            texts = None;
            continue;
        }
        for kind in Kind::ALL {
            let text = text(written, language, (channel, kind, &path), findings);
            texts = texts.zip(text).map(|(mut texts, text)| {
                texts.insert((number, kind), text);
                texts
            });
        }
    }
    Some(mailer::Texts {
        site: site?,
        languages: written.languages.clone(),
        texts: texts?,
    })
}

/// The operator's text, or the one that ships.
fn text(
    written: &Texts,
    language: &str,
    (channel, kind, path): (Channel, Kind, &str),
    findings: &mut Findings<'_>,
) -> Option<Text> {
    let name = mailer::file_name(channel, kind);
    let file = written.directory.as_ref();
    let file = file.map(|folder| {
        findings
            .resolve(folder)
            .join(language)
            .join(format!("{name}.txt"))
    });
    let read = file
        .as_ref()
        .map(|file| findings.files.read(file, LARGEST_SOURCE));
    let own = match read {
        Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
            let message = format!("the text {language}/{name}.txt cannot be read");
            findings.mistake(path, &message, "make it readable, or take it away");
            return None;
        }
        Some(Ok(bytes)) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Some(Err(_)) | None => None,
    };
    let shipped = || mailer::built_in(language, &name).map(str::to_owned);
    let Some(text) = own.or_else(shipped) else {
        let message = format!("there is no text {language}/{name}.txt");
        let fix = "add it to the folder in `directory`, or take the language out";
        findings.mistake(path, &message, fix);
        return None;
    };
    let parsed = Text::parse(&text, channel, kind);
    let parsed = parsed.map_err(|error| format!("the text {language}/{name}.txt: {error}"));
    findings.take(parsed, path, "correct the file")
}
