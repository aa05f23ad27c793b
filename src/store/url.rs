//! The address of the user database.
//!
//! `DatabaseUrl::parse` takes the URL that the monolith itself is configured with, so it accepts
//! the driver suffixes and the `charset` parameter that Python's URLs carry. Neither its `Debug`
//! nor its errors show any part of the URL: a password with a reserved character in it can end
//! up in any of them. It does not resolve names and opens nothing.

use std::path::Path;

use mysql_async::{Opts, UrlError};
use thiserror::Error;

use crate::secret::Secret;

/// A database that the store can open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A MySQL or MariaDB server, with the account's password in the URL.
    MySql(Secret<String>),
    /// A file, `:memory:`, or a `file:` URI.
    Sqlite(Secret<String>),
}

/// A URL that is not one of a database. The messages never quote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DatabaseUrlError {
    /// Neither MySQL nor SQLite.
    #[error(
        "the database URL has an unknown scheme; write `mysql://…`, `mariadb://…` or `sqlite:…`"
    )]
    Scheme,
    /// It cannot be taken apart.
    #[error(
        "the database URL is malformed; write `mysql://account:password@host:3306/database` and percent-encode reserved characters in the password"
    )]
    Malformed,
    /// A parameter that the store does not know.
    #[error(
        "the database URL has an unknown parameter; only `charset`, `require_ssl`, `socket` and `unix_socket` are understood, and TLS, pool and time-outs have keys of their own"
    )]
    Parameter,
    /// A parameter whose value cannot be used.
    #[error(
        "a parameter of the database URL has an unusable value; `require_ssl` is `true` or `false`"
    )]
    ParameterValue,
}

impl DatabaseUrl {
    /// Takes a URL apart far enough to know that it can be used.
    ///
    /// `sqlite:path`, `sqlite://path` and `sqlite:///path` are relative to the working folder,
    /// `sqlite:/path` and `sqlite:////path` are absolute, as `SQLAlchemy` has it.
    pub fn parse(url: &str) -> Result<Self, DatabaseUrlError> {
        let (scheme, rest) = url.split_once(':').ok_or(DatabaseUrlError::Scheme)?;
        let family = scheme.split_once('+').map_or(scheme, |(family, _)| family);
        match family {
            "mysql" | "mariadb" => mysql(rest),
            "sqlite" => sqlite(rest),
            _ => Err(DatabaseUrlError::Scheme),
        }
    }

    /// A relative path of an SQLite file as it is meant: from `folder` on.
    #[must_use]
    pub fn relative_to(self, folder: &Path) -> Self {
        match self {
            Self::Sqlite(path)
                if !path.expose().starts_with(':') && !path.expose().starts_with("file:") =>
            {
                let path = folder.join(path.expose());
                Self::Sqlite(Secret::new(path.to_string_lossy().into_owned()))
            }
            other @ (Self::Sqlite(_) | Self::MySql(_)) => other,
        }
    }
}

fn mysql(rest: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut url = format!("mysql:{address}");
    let mut separator = '?';
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if let Some((name, value)) = parameter(pair)? {
            url.push(separator);
            url.push_str(name);
            url.push('=');
            url.push_str(value);
            separator = '&';
        }
    }
    let url = Secret::new(url);
    Opts::from_url(url.expose()).map_err(|error| reason(&error))?;
    Ok(DatabaseUrl::MySql(url))
}

/// The driver's spelling of a parameter; `None` for one that has no effect here.
fn parameter(pair: &str) -> Result<Option<(&str, &str)>, DatabaseUrlError> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    match name {
        // Every connection speaks utf8mb4, so the parameter of Python's drivers has nothing to say.
        "charset" => Ok(None),
        "require_ssl" => Ok(Some(("require_ssl", value))),
        "socket" | "unix_socket" => Ok(Some(("socket", value))),
        _ => Err(DatabaseUrlError::Parameter),
    }
}

fn reason(error: &UrlError) -> DatabaseUrlError {
    match error {
        UrlError::InvalidParamValue { .. } | UrlError::InvalidPoolConstraints { .. } => {
            DatabaseUrlError::ParameterValue
        }
        UrlError::UnknownParameter { .. } | UrlError::FeatureRequired { .. } => {
            DatabaseUrlError::Parameter
        }
        UrlError::UnsupportedScheme { .. } => DatabaseUrlError::Scheme,
        UrlError::Invalid | UrlError::Parse(_) => DatabaseUrlError::Malformed,
    }
}

fn sqlite(rest: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
    let path = if rest.starts_with("//") {
        let path = rest.strip_prefix("///").or_else(|| rest.strip_prefix("//"));
        path.filter(|path| !path.is_empty()).unwrap_or(":memory:")
    } else {
        rest
    };
    if path.is_empty() || path.contains('\0') {
        return Err(DatabaseUrlError::Malformed);
    }
    Ok(DatabaseUrl::Sqlite(Secret::new(path.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_file_begins_at_the_folder_of_the_configuration() {
        for (url, expected) in [
            ("sqlite:users.db", "/etc/sidegate/users.db"),
            ("sqlite:/var/users.db", "/var/users.db"),
            ("sqlite::memory:", ":memory:"),
            ("sqlite:file:x?mode=memory", "file:x?mode=memory"),
        ] {
            let url = DatabaseUrl::parse(url).expect("a good URL");
            let DatabaseUrl::Sqlite(path) = url.relative_to(Path::new("/etc/sidegate")) else {
                panic!("{expected} is a file");
            };
            assert_eq!(path.expose(), expected);
        }
    }

    fn opened(url: &str) -> String {
        match DatabaseUrl::parse(url).expect("a good URL") {
            DatabaseUrl::MySql(url) => url.expose().clone(),
            DatabaseUrl::Sqlite(path) => path.expose().clone(),
        }
    }

    #[test]
    fn the_monoliths_own_url_is_accepted() {
        assert_eq!(
            opened("mysql+pymysql://app:p%40ss@db:3307/shop?charset=utf8mb4"),
            "mysql://app:p%40ss@db:3307/shop"
        );
        assert_eq!(opened("mariadb://app@db/shop"), "mysql://app@db/shop");
        assert_eq!(
            opened("mysql://app@localhost/shop?unix_socket=/run/db.sock&require_ssl=true"),
            "mysql://app@localhost/shop?socket=/run/db.sock&require_ssl=true"
        );
    }

    #[test]
    fn sqlite_paths_follow_sqlalchemy() {
        for (url, path) in [
            ("sqlite::memory:", ":memory:"),
            ("sqlite://", ":memory:"),
            ("sqlite:users.db", "users.db"),
            ("sqlite:/var/users.db", "/var/users.db"),
            ("sqlite:///users.db", "users.db"),
            ("sqlite+aiosqlite:////var/users.db", "/var/users.db"),
            (
                "sqlite:file:demo?mode=memory&cache=shared",
                "file:demo?mode=memory&cache=shared",
            ),
        ] {
            assert_eq!(opened(url), path, "{url}");
        }
    }

    #[test]
    fn mistakes_are_told_apart() {
        for (url, error) in [
            ("postgres://a@b/c", DatabaseUrlError::Scheme),
            ("users.db", DatabaseUrlError::Scheme),
            ("mysql://", DatabaseUrlError::Malformed),
            (
                "mysql://app:hunter2hunter2?x@db/shop",
                DatabaseUrlError::Parameter,
            ),
            (
                "mysql://app:hunter2/hunter2@db/shop",
                DatabaseUrlError::Malformed,
            ),
            (
                "mysql://a@b/c?enable_cleartext_plugin=true",
                DatabaseUrlError::Parameter,
            ),
            (
                "mysql://a@b/c?require_ssl=perhaps",
                DatabaseUrlError::ParameterValue,
            ),
            ("sqlite:", DatabaseUrlError::Malformed),
        ] {
            assert_eq!(DatabaseUrl::parse(url).expect_err(url), error, "{url}");
        }
    }

    #[test]
    fn nothing_shows_the_url() {
        let url = DatabaseUrl::parse("mysql://app:hunter2@db/shop").expect("a good URL");
        assert_eq!(format!("{url:?}"), "MySql([redacted])");
        let error = DatabaseUrl::parse("mysql://app:hunter2/hunter2@db").expect_err("malformed");
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }
}
