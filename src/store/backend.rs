//! The kinds of connection, and what the two databases tell of themselves: whether others write too, and how large they are.
//!
//! Said in `sqlite` and `postgres`, asked by whoever writes or forgets. It knows neither of them, so that whatever is written once for both does not
//! either.

use diesel::SqliteConnection;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;

/// A connection to a SQLite file.
pub type SqliteConn = SqliteConnection;

/// A connection to PostgreSQL.
pub type PgConn = AsyncConnectionWrapper<AsyncPgConnection>;

/// How large the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// On disk: SQLite's file without its log, or PostgreSQL's database.
    pub file_bytes: u64,
    /// What of it holds anything. SQLite knows it exactly; on PostgreSQL it is reckoned from the number of live rows and what such rows take, since
    /// the server keeps the room of deleted rows for the next ones.
    pub used_bytes: u64,
}

/// A connection of either database.
pub trait Backend {
    /// Other nodes may write at the same time.
    const SHARED: bool;
}
