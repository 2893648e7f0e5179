//! What can go wrong in the store, told apart by what the caller can do about it.
//!
//! A failed read is an error here, never "none". The operator's text is in [`StoreError::Database`]; pages and API answers
//! show their own sentence and never this one.

use crate::domain::seal::SealError;

/// Longest text that is looked for, in characters: databases give up on much longer patterns.
pub const TEXT_LIMIT_CHARS: usize = 500;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// More waits to be written than is taken, or a commit takes too long, and may still come; try again shortly.
    #[error("what waits to be written is too much, or its commit takes too long")]
    Busy,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// Nothing has this id.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Something else stands in the way; the sentence is for people.
    #[error("{0}")]
    Conflict(String),
    /// It was changed after it was read; read it again.
    #[error("it was changed meanwhile")]
    Outdated,
    /// More than can be looked for.
    #[error("a text of at most {TEXT_LIMIT_CHARS} characters can be looked for")]
    TextTooLong,
    /// The schema is an older one, and was to be left as it is.
    #[error(
        "the database is of an earlier version of bluebridge, {missing} migrations behind: make a backup with that version, stop it, and run `bluebridge migrate` or start this one"
    )]
    Unmigrated { missing: usize },
    /// There is no schema, and none was to be made.
    #[error(
        "there is nothing in this database yet: start the server once, or run `bluebridge migrate`"
    )]
    Empty,
    /// A row does not read back as what was written.
    #[error("the database holds something unreadable: {0}")]
    Corrupt(String),
    /// A sealed secret does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// No connection to the database could be had.
    #[error("no database connection: {0}")]
    Unavailable(String),
    /// The database refused or failed.
    #[error("the database failed: {0}")]
    Database(diesel::result::Error),
}

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> StoreError {
        use diesel::result::DatabaseErrorKind::{
            ClosedConnection, ReadOnlyTransaction, SerializationFailure, UnableToSendCommand,
        };
        use diesel::result::Error::DatabaseError;
        match &error {
            // Lost, or demoted to a standby.
            DatabaseError(
                ClosedConnection | UnableToSendCommand | ReadOnlyTransaction,
                information,
            ) => StoreError::Unavailable(information.message().to_string()),
            DatabaseError(SerializationFailure, _) => StoreError::Busy,
            _ => StoreError::Database(error),
        }
    }
}

/// What was found, or nothing when there is no such thing; any other error stays one.
pub fn if_found<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Err(StoreError::NotFound(_)) => Ok(None),
        read => read.map(Some),
    }
}

impl StoreError {
    /// The rows themselves were refused, so that others may be written all the same. Anything else (a full disk, a lock that somebody
    /// holds) hits every row alike, and trying each alone would only take long.
    pub fn is_about_a_row(&self) -> bool {
        matches!(
            self,
            StoreError::Corrupt(_) | StoreError::Database(diesel::result::Error::NotFound)
        ) || self.is_constraint()
    }

    /// A unique index or another rule of the schema refused the row.
    pub fn is_constraint(&self) -> bool {
        matches!(
            self,
            StoreError::Database(diesel::result::Error::DatabaseError(
                diesel::result::DatabaseErrorKind::UniqueViolation
                    | diesel::result::DatabaseErrorKind::ForeignKeyViolation
                    | diesel::result::DatabaseErrorKind::CheckViolation
                    | diesel::result::DatabaseErrorKind::NotNullViolation,
                _
            ))
        )
    }
}
