//! Sealing everything anew under another master key.
//!
//! Called by `cli::rotate_key` while no server runs: of a SQLite file by its lock, of PostgreSQL by the heartbeats of its nodes. One transaction: after a crash either every secret is under the old key or every one
//! is under the new. A test compares the columns named here with the schema, so that a new sealed column cannot be forgotten. Tokens and
//! passwords are kept as hashes and need no key.

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::id::{DestinationId, SourceId, UserId};
use crate::domain::seal::MasterKey;
use crate::store::backend::{PgConn, SqliteConn};
use crate::store::both::{both, either};
use crate::store::error::StoreError;
use crate::store::schema::{destinations, idempotency_keys, key_check, sources, users};
use crate::store::{Store, nodes, row};

/// From one key to another.
#[derive(Clone)]
struct Change {
    old: MasterKey,
    new: MasterKey,
}

impl Change {
    fn reseal(&self, row: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let plain = self.old.open(row, sealed)?;
        Ok(self.new.seal(row, &plain, rand::random())?)
    }

    fn reseal_some(
        &self,
        row: &str,
        sealed: Option<Vec<u8>>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        sealed
            .map(|sealed| self.reseal(row.as_bytes(), &sealed))
            .transpose()
    }
}

impl Store {
    /// Seals everything anew and returns how many secrets that were. This store still holds the old key; close it afterwards.
    pub async fn reseal(&self, new: MasterKey) -> Result<usize, StoreError> {
        let change = Change {
            old: self.key.clone(),
            new,
        };
        either!(self.write(move |conn| {
            conn.nobody_serves()?;
            reseal_key_check(conn, &change)?;
            Ok(reseal_people(conn, &change)?
                + reseal_sources(conn, &change)?
                + reseal_destinations(conn, &change)?
                + reseal_kept_answers(conn, &change)?)
        }))
    }
}

/// Refuses while another process may seal with the old key.
trait NobodyServes {
    fn nobody_serves(&mut self) -> Result<(), StoreError>;
}

impl NobodyServes for SqliteConn {
    /// Whoever opens the file to change it has locked it before.
    fn nobody_serves(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl NobodyServes for PgConn {
    fn nobody_serves(&mut self) -> Result<(), StoreError> {
        nodes::all_stopped(self)
    }
}

both! {
    fn reseal_key_check(conn: &mut Conn, change: &Change) -> Result<(), StoreError> {
        let sealed: Vec<u8> = key_check::table.select(key_check::sealed).first(conn)?;
        let sealed = change.reseal(row::KEY_CHECK_ROW, &sealed)?;
        diesel::update(key_check::table)
            .set(key_check::sealed.eq(sealed))
            .execute(conn)?;
        Ok(())
    }
}

/// An id with two secrets that may be there: a person's second factor and a pending one, a source's secret and the one before.
type SealedPair = (Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>);

both! {
    fn reseal_people(conn: &mut Conn, change: &Change) -> Result<usize, StoreError> {
        let rows: Vec<SealedPair> = users::table
            .select((users::id, users::totp_sealed, users::totp_pending_sealed))
            .load(conn)?;
        let mut count = 0;
        for (id, secret, pending) in rows {
            let name = super::second_factor::row_name(row::id(&id, UserId::from_slice)?);
            count += usize::from(secret.is_some()) + usize::from(pending.is_some());
            diesel::update(users::table.find(&id))
                .set((
                    users::totp_sealed.eq(change.reseal_some(&name, secret)?),
                    users::totp_pending_sealed.eq(change.reseal_some(&name, pending)?),
                ))
                .execute(conn)?;
        }
        Ok(count)
    }
}

both! {
    fn reseal_sources(conn: &mut Conn, change: &Change) -> Result<usize, StoreError> {
        let rows: Vec<SealedPair> = sources::table
            .select((
                sources::id,
                sources::secret_sealed,
                sources::previous_secret_sealed,
            ))
            .load(conn)?;
        let mut count = 0;
        for (id, secret, previous) in rows {
            let name = super::sources::row_name(row::id(&id, SourceId::from_slice)?);
            count += usize::from(secret.is_some()) + usize::from(previous.is_some());
            diesel::update(sources::table.find(&id))
                .set((
                    sources::secret_sealed.eq(change.reseal_some(&name, secret)?),
                    sources::previous_secret_sealed.eq(change.reseal_some(&name, previous)?),
                ))
                .execute(conn)?;
        }
        Ok(count)
    }
}

both! {
    fn reseal_destinations(conn: &mut Conn, change: &Change) -> Result<usize, StoreError> {
        let rows: Vec<(Vec<u8>, Vec<u8>)> = destinations::table
            .select((destinations::id, destinations::settings_sealed))
            .load(conn)?;
        for (id, sealed) in &rows {
            let name = super::destinations::row_name(row::id(id, DestinationId::from_slice)?);
            diesel::update(destinations::table.find(id))
                .set(destinations::settings_sealed.eq(change.reseal(name.as_bytes(), sealed)?))
                .execute(conn)?;
        }
        Ok(rows.len())
    }
}

both! {
    fn reseal_kept_answers(conn: &mut Conn, change: &Change) -> Result<usize, StoreError> {
        let rows: Vec<(Vec<u8>, Vec<u8>)> = idempotency_keys::table
            .select((idempotency_keys::key_hash, idempotency_keys::answer_sealed))
            .load(conn)?;
        for (key_hash, sealed) in &rows {
            diesel::update(idempotency_keys::table.find(key_hash))
                .set(idempotency_keys::answer_sealed.eq(change.reseal(key_hash, sealed)?))
                .execute(conn)?;
        }
        Ok(rows.len())
    }
}
