//! Where a store is.

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;

/// A SQLite file or a PostgreSQL database. Prints without the password.
#[derive(Clone)]
pub enum Address {
    Sqlite(PathBuf),
    Postgres(PostgresUrl),
}

/// A URL that was found to be one.
#[derive(Clone)]
pub struct PostgresUrl {
    url: SecretString,
    pub(super) place: Place,
}

/// What an error or the log calls a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    File(PathBuf),
    Database {
        /// A name, an address, or the folder of a Unix socket.
        host: String,
        name: String,
    },
}

impl Address {
    /// Reads `sqlite:PATH` or `postgres://…`. The problem that is returned repeats nothing of the text, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err("the path is missing; give sqlite:PATH".to_owned())
            } else {
                Ok(Self::Sqlite(path.into()))
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return PostgresUrl::parse(text).map(Self::Postgres);
        }
        Err(
            "a store is a SQLite file or a PostgreSQL database; give sqlite:PATH or postgres://USER@HOST/NAME"
                .to_owned(),
        )
    }

    pub fn place(&self) -> Place {
        match self {
            Self::Sqlite(file) => Place::File(file.clone()),
            Self::Postgres(url) => url.place.clone(),
        }
    }

    /// Its SQLite file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(file) => Some(file),
            Self::Postgres(_) => None,
        }
    }
}

impl PostgresUrl {
    fn parse(url: &str) -> Result<Self, String> {
        let options: PgConnectOptions = url.parse().map_err(|_| {
            "it can't be read as postgres://USER:PASSWORD@HOST/NAME; signs other than letters and digits in the password have to \
             be percent-encoded"
                .to_owned()
        })?;
        let name = options.get_database().unwrap_or(options.get_username());
        // Of a password with a bare `/` or `#` the rest would be taken for the name, and shown.
        if name.contains('@') || url.contains('#') {
            return Err(
                "`/`, `@` and `#` in user, password or name have to be percent-encoded (%2F, %40, %23)"
                    .to_owned(),
            );
        }
        let socket = options.get_socket();
        let host = socket.map_or(options.get_host().to_owned(), |folder| {
            folder.display().to_string()
        });
        Ok(Self {
            place: Place::Database {
                host,
                name: name.to_owned(),
            },
            url: url.into(),
        })
    }

    /// With settings of ours, which those in the URL override.
    pub(super) fn with(&self, settings: &str) -> SecretString {
        let url = self.url.expose_secret();
        let (base, theirs) = url.split_once('?').unwrap_or((url, ""));
        format!("{base}?{settings}&{theirs}").into()
    }
}

impl Place {
    /// What fits the kind of store that it is.
    pub(super) fn either<T>(&self, file: T, database: T) -> T {
        match self {
            Self::File(_) => file,
            Self::Database { .. } => database,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Database { host, name } => write!(f, "the database at {host}/{name}"),
        }
    }
}

/// As it is written in a configuration, but without user and password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place() {
            Place::File(file) => write!(f, "sqlite:{}", file.display()),
            Place::Database { host, name } => write!(f, "postgres://{host}/{name}"),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_prints_without_user_and_password() {
        let address =
            Address::parse("postgres://ann:hush@db.example/usher?sslmode=require").unwrap();
        assert_eq!(address.to_string(), "postgres://db.example/usher");
        assert_eq!(format!("{address:?}"), "postgres://db.example/usher");
        let Address::Postgres(url) = &address else {
            panic!("{address:?}")
        };
        assert!(!format!("{url:?}").contains("hush"));
        assert_eq!(
            address.place().to_string(),
            "the database at db.example/usher"
        );
    }

    #[test]
    fn a_unix_socket_is_named_by_its_folder() {
        for url in [
            "postgres:///usher?host=/run/postgresql&user=ann",
            "postgres://ann@%2Frun%2Fpostgresql/usher",
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!(address.to_string(), "postgres:///run/postgresql/usher");
        }
    }

    #[test]
    fn a_problem_never_repeats_a_password_not_even_one_that_is_not_encoded() {
        for url in [
            "postgres://ann:hu/sh@db.example/usher",
            "postgres://ann:12/sh@db.example/usher",
            "postgres://ann:12#sh@db.example/usher",
            "postgres://ann:hu?sh@db.example/usher",
            "postgres://ann:sh@db.example:port/usher",
            "mysql://ann:sh@db.example/usher",
        ] {
            let problem = Address::parse(url).unwrap_err();
            assert!(
                !problem.contains("sh@") && !problem.contains("12"),
                "{problem}"
            );
        }
    }

    #[test]
    fn a_sqlite_path_may_be_written_as_a_url() {
        for (text, path) in [
            ("sqlite:a/b.sqlite", "a/b.sqlite"),
            ("sqlite://a/b.sqlite", "a/b.sqlite"),
            ("sqlite:///a/b.sqlite", "/a/b.sqlite"),
        ] {
            assert_eq!(Address::parse(text).unwrap().file(), Some(Path::new(path)));
        }
        Address::parse("sqlite:").unwrap_err();
    }

    #[test]
    fn settings_in_the_url_override_ours() {
        let Address::Postgres(url) =
            Address::parse("postgres://h/n?application_name=mine").unwrap()
        else {
            panic!()
        };
        let url: PgConnectOptions = url
            .with("application_name=usher")
            .expose_secret()
            .parse()
            .unwrap();
        assert_eq!(url.get_application_name(), Some("mine"));
    }
}
