//! Sources: saving, reading, and what is known of their signatures.
//!
//! Secrets are sealed here on the way in and opened on the way out. A source that connections still use cannot be deleted;
//! a deleted one keeps its row, because events name it.

use diesel::{
    AsChangeset, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, Queryable,
    RunQueryDsl as _, Selectable, SelectableHelper as _,
};
use jiff::Timestamp;

use crate::domain::id::SourceId;
use crate::domain::seal::MasterKey;
use crate::domain::secret::Secret;
use crate::domain::source::{PreviousSecret, SignatureEvidence, Source};
use crate::store::Store;
use crate::store::both::{both, either};
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::{connections, sources};

/// A source to be made.
#[derive(Debug, Clone)]
pub struct NewSource {
    pub id: SourceId,
    pub name: String,
    pub token: String,
    pub require_signature: bool,
    pub secret: Option<Secret>,
    pub now_ms: i64,
}

/// What may be changed of a source; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct SourceChange {
    pub name: Option<String>,
    pub require_signature: Option<bool>,
    pub secret: Option<SecretChange>,
}

/// How a new secret comes in.
#[derive(Debug, Clone)]
pub struct SecretChange {
    pub secret: Secret,
    /// The old one stays accepted until then; `None` ends it at once.
    pub previous_until_ms: Option<i64>,
    /// The old one is thought to be a wrong one. If nothing was ever signed with it, it goes at once, and the one before it stays as it was.
    pub corrects: bool,
}

/// When the secrets of a source were used last, in milliseconds since 1970; `None` leaves what is known.
#[derive(Debug, Clone, AsChangeset)]
#[diesel(table_name = sources)]
pub struct SecretUse {
    /// When the source had been changed last, as far as who saw it knew.
    #[diesel(skip_update)]
    pub as_of_ms: i64,
    #[diesel(column_name = secret_used_at)]
    pub present_ms: Option<i64>,
    #[diesel(column_name = previous_used_at)]
    pub previous_ms: Option<i64>,
}

impl Store {
    /// Makes a source.
    pub async fn create_source(&self, new: NewSource) -> Result<(), StoreError> {
        let sealed = new
            .secret
            .as_ref()
            .map(|secret| row::seal(&self.key, &row_name(new.id), secret))
            .transpose()?;
        either!(self.write(move |conn| {
            diesel::insert_into(sources::table)
                .values((
                    sources::id.eq(&new.id.as_bytes()[..]),
                    sources::name.eq(&new.name),
                    sources::token.eq(&new.token),
                    sources::require_signature.eq(new.require_signature),
                    sources::secret_sealed.eq(sealed),
                    sources::created_at.eq(new.now_ms),
                    sources::updated_at.eq(new.now_ms),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Every source that is not deleted, the oldest first.
    pub async fn sources(&self) -> Result<Vec<Source>, StoreError> {
        let key = self.key.clone();
        either!(self.read(move |conn| {
            let rows: Vec<SourceRow> = sources::table
                .filter(sources::deleted_at.is_null())
                .order(sources::id)
                .select(SourceRow::as_select())
                .load(conn)?;
            rows.into_iter().map(|row| row.into_domain(&key)).collect()
        }))
    }

    /// One source; deleted ones are not found.
    pub async fn source(&self, id: SourceId) -> Result<Source, StoreError> {
        let key = self.key.clone();
        either!(self.read(move |conn| load(conn, id)?.into_domain(&key)))
    }

    /// Changes a source. Returns what it is now, which the next change may have replaced when this is read.
    pub async fn change_source(
        &self,
        id: SourceId,
        change: SourceChange,
        now_ms: i64,
    ) -> Result<Source, StoreError> {
        let key = self.key.clone();
        either!(self.write(move |conn| {
            let before = load(conn, id)?;
            if change.secret.is_some() {
                forget_refusals(conn, id)?;
            }
            let (secret, previous, previous_until, used) = match change.secret {
                None => (
                    before.secret_sealed,
                    before.previous_secret_sealed,
                    before.previous_secret_until,
                    (before.secret_used_at, before.previous_used_at),
                ),
                Some(SecretChange {
                    secret, corrects, ..
                }) if corrects && before.secret_used_at.is_none() => (
                    Some(row::seal(&key, &row_name(id), &secret)?),
                    before.previous_secret_sealed,
                    before.previous_secret_until,
                    (None, before.previous_used_at),
                ),
                Some(SecretChange {
                    secret,
                    previous_until_ms,
                    ..
                }) => {
                    let sealed = row::seal(&key, &row_name(id), &secret)?;
                    let previous = previous_until_ms.and(before.secret_sealed);
                    let until = previous.as_ref().and(previous_until_ms);
                    (Some(sealed), previous, until, (None, before.secret_used_at))
                }
            };
            diesel::update(sources::table.find(&id.as_bytes()[..]))
                .set((
                    sources::name.eq(change.name.unwrap_or(before.name)),
                    sources::require_signature
                        .eq(change.require_signature.unwrap_or(before.require_signature)),
                    sources::secret_sealed.eq(secret),
                    sources::previous_secret_sealed.eq(previous),
                    sources::previous_secret_until.eq(previous_until),
                    sources::secret_used_at.eq(used.0),
                    sources::previous_used_at.eq(used.1),
                    sources::updated_at.eq(now_ms),
                ))
                .execute(conn)?;
            load(conn, id)?.into_domain(&key)
        }))
    }

    /// Deletes a source that no connection uses.
    pub async fn delete_source(&self, id: SourceId, now_ms: i64) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            load(conn, id)?;
            let users: Vec<String> = connections::table
                .filter(connections::source_id.eq(&id.as_bytes()[..]))
                .filter(connections::deleted_at.is_null())
                .select(connections::name)
                .load(conn)?;
            if !users.is_empty() {
                return Err(StoreError::Conflict(format!(
                    "This source is used by {}; delete those connections first.",
                    users.join(", ")
                )));
            }
            diesel::update(sources::table.find(&id.as_bytes()[..]))
                .set(sources::deleted_at.eq(Some(now_ms)))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Notes that verified requests came, and which secrets they were signed with unless those were changed meanwhile. The last signature problem stays on
    /// record, with its time.
    pub async fn heard_from(
        &self,
        id: SourceId,
        at_ms: i64,
        used: Option<SecretUse>,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            diesel::update(sources::table.find(&id.as_bytes()[..]))
                .set(sources::last_heard_at.eq(Some(at_ms)))
                .execute(conn)?;
            if let Some(used) = &used {
                diesel::update(sources::table.find(&id.as_bytes()[..]))
                    .filter(sources::updated_at.eq(used.as_of_ms))
                    .set(used)
                    .execute(conn)?;
            }
            Ok(())
        }))
    }

    /// Notes requests that failed verification; the count begins anew after a verified one.
    pub async fn signature_failed(
        &self,
        id: SourceId,
        evidence: SignatureEvidence,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            let before = load(conn, id)?;
            let since_heard = before.signature_problem_at > before.last_heard_at;
            let earlier = if since_heard {
                before.signature_problem_count
            } else {
                0
            };
            diesel::update(sources::table.find(&id.as_bytes()[..]))
                .set((
                    sources::signature_problem_code.eq(Some(evidence.code)),
                    sources::signature_problem_message.eq(Some(evidence.message)),
                    sources::signature_problem_at.eq(Some(evidence.last_at.as_millisecond())),
                    sources::signature_problem_count.eq(earlier + evidence.count),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }
}

pub(super) fn row_name(id: SourceId) -> String {
    format!("sources/{id}")
}

both! {
    /// Forgets what was refused: it says nothing about the secret that comes now.
    fn forget_refusals(conn: &mut Conn, id: SourceId) -> Result<(), StoreError> {
        diesel::update(sources::table.find(&id.as_bytes()[..]))
            .set((
                sources::signature_problem_code.eq(None::<String>),
                sources::signature_problem_message.eq(None::<String>),
                sources::signature_problem_at.eq(None::<i64>),
                sources::signature_problem_count.eq(0),
            ))
            .execute(conn)?;
        Ok(())
    }
}

both! {
    fn load(conn: &mut Conn, id: SourceId) -> Result<SourceRow, StoreError> {
        sources::table
            .find(&id.as_bytes()[..])
            .filter(sources::deleted_at.is_null())
            .select(SourceRow::as_select())
            .first(conn)
            .optional()?
            .ok_or(StoreError::NotFound("source"))
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sources)]
struct SourceRow {
    id: Vec<u8>,
    name: String,
    token: String,
    require_signature: bool,
    secret_sealed: Option<Vec<u8>>,
    previous_secret_sealed: Option<Vec<u8>>,
    previous_secret_until: Option<i64>,
    created_at: i64,
    updated_at: i64,
    last_heard_at: Option<i64>,
    signature_problem_code: Option<String>,
    signature_problem_message: Option<String>,
    signature_problem_at: Option<i64>,
    signature_problem_count: i64,
    secret_used_at: Option<i64>,
    previous_used_at: Option<i64>,
}

impl SourceRow {
    fn into_domain(self, key: &MasterKey) -> Result<Source, StoreError> {
        let id = row::id(&self.id, SourceId::from_slice)?;
        let open = |sealed: Option<Vec<u8>>| {
            sealed
                .map(|sealed| row::open(key, &row_name(id), &sealed))
                .transpose()
        };
        let previous_until: Option<Timestamp> = row::maybe_time(self.previous_secret_until)?;
        let previous_used_at = row::maybe_time(self.previous_used_at)?;
        let previous_secret = open(self.previous_secret_sealed)?.zip(previous_until).map(
            |(secret, accepted_until)| PreviousSecret {
                secret,
                accepted_until,
                used_at: previous_used_at,
            },
        );
        let problem_at = row::maybe_time(self.signature_problem_at)?;
        let signature_problem = self
            .signature_problem_code
            .zip(self.signature_problem_message)
            .zip(problem_at)
            .map(|((code, message), last_at)| SignatureEvidence {
                code,
                message,
                last_at,
                count: self.signature_problem_count,
            });
        Ok(Source {
            id,
            name: self.name,
            token: self.token,
            require_signature: self.require_signature,
            secret: open(self.secret_sealed)?,
            previous_secret,
            created_at: row::time(self.created_at)?,
            updated_at: row::time(self.updated_at)?,
            last_heard_at: row::maybe_time(self.last_heard_at)?,
            secret_used_at: row::maybe_time(self.secret_used_at)?,
            signature_problem,
        })
    }
}
