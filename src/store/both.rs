//! Two small macros: what is written once is expanded for SQLite and for PostgreSQL, each time fully typed.
//!
//! Used by every file of the store. [`either`] runs a closure on whichever database is open; [`both`] makes a function over a connection that
//! takes either kind. What truly differs is behind small traits beside
//! the questions that need it (`Backend`, `Writes`, `Insert`, `Settle`, `Picks`).

/// `either!(self.read(move |conn| ...))` asks the database that is open and waits for the answer. The methods are `read`, `write`,
/// `write_freely` and `in_small_steps`; the first two of the writing ones also write the note that waits (`audit`). See `sqlite::Sqlite` and
/// `postgres::Postgres`.
macro_rules! either {
    ($store:ident.write($change:expr $(,)?)) => {
        $crate::store::both::either!(@noted $store.write($change))
    };
    ($store:ident.write_freely($change:expr $(,)?)) => {
        $crate::store::both::either!(@noted $store.write_freely($change))
    };
    (@noted $store:ident.$method:ident($change:expr)) => {
        match &$store.database {
            $crate::store::Database::Sqlite(database) => {
                let change = $store.noted::<$crate::store::backend::SqliteConn, _, _>($change);
                database.$method(change).await
            }
            $crate::store::Database::Postgres(database) => {
                let change = $store.noted::<$crate::store::backend::PgConn, _, _>($change);
                database.$method(change).await
            }
        }
    };
    ($store:ident.$method:ident($question:expr $(,)?)) => {
        match &$store.database {
            $crate::store::Database::Sqlite(database) => database.$method($question).await,
            $crate::store::Database::Postgres(database) => database.$method($question).await,
        }
    };
}
pub(super) use either;

/// `both! { fn f(conn: &mut Conn, ...) -> ... { ... } }` makes `f` take a connection of either kind: a trait of the same name, with the body
/// once for each.
macro_rules! both {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($conn:ident: &mut Conn $(, $argument:ident: $type:ty)* $(,)?) -> $answer:ty $body:block) => {
        #[allow(non_camel_case_types)]
        $vis trait $name: Sized {
            fn $name($conn: &mut Self $(, $argument: $type)*) -> $answer;
        }
        impl $name for $crate::store::backend::SqliteConn {
            fn $name($conn: &mut Self $(, $argument: $type)*) -> $answer $body
        }
        impl $name for $crate::store::backend::PgConn {
            fn $name($conn: &mut Self $(, $argument: $type)*) -> $answer $body
        }
        $(#[$doc])*
        $vis fn $name<Conn: $name>($conn: &mut Conn $(, $argument: $type)*) -> $answer {
            <Conn as $name>::$name($conn $(, $argument)*)
        }
    };
}
pub(super) use both;
