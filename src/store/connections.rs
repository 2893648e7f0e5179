//! Connections and their versions. A version is written once and never changed; saving a connection makes a new one.

use diesel::{
    ExpressionMethods as _, JoinOnDsl as _, OptionalExtension as _, QueryDsl as _, Queryable,
    RunQueryDsl as _, Selectable, SelectableHelper as _,
};

use crate::domain::audit::ActorKind;
use crate::domain::connection::{Connection, RulesDocument, SavedBy, Version};
use crate::domain::id::{ConnectionId, DestinationId, SourceId, VersionId};
use crate::store::Store;
use crate::store::both::{both, either};
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::{connection_versions, connections, destinations, sources};

/// A connection to be made, or a new version of one.
#[derive(Debug, Clone)]
pub struct ConnectionDraft {
    pub id: ConnectionId,
    pub version_id: VersionId,
    pub name: String,
    pub source_id: SourceId,
    pub destination_id: DestinationId,
    pub rules: RulesDocument,
    /// `None` leaves the switch as it is; a new connection is on.
    pub enabled: Option<bool>,
    pub now_ms: i64,
}

/// What somebody saw of a connection before changing it.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// All that a save replaces.
    Whole {
        version_id: VersionId,
        name: String,
        source_id: SourceId,
    },
    /// The number of its version.
    Number(i32),
}

impl Store {
    /// Makes a connection with its first version.
    pub async fn create_connection(
        &self,
        draft: ConnectionDraft,
    ) -> Result<Connection, StoreError> {
        let saved_by = self.saver();
        either!(self.write(move |conn| {
            check_ends(conn, &draft)?;
            diesel::insert_into(connections::table)
                .values((
                    connections::id.eq(&draft.id.as_bytes()[..]),
                    connections::name.eq(&draft.name),
                    connections::source_id.eq(&draft.source_id.as_bytes()[..]),
                    connections::version_id.eq(&draft.version_id.as_bytes()[..]),
                    connections::enabled.eq(draft.enabled.unwrap_or(true)),
                    connections::created_at.eq(draft.now_ms),
                    connections::updated_at.eq(draft.now_ms),
                ))
                .execute(conn)?;
            insert_version(conn, &draft, 1, saved_by.as_ref())?;
            load(conn, draft.id)?.into_domain()
        }))
    }

    /// Saves a connection: a new version when the rules or the destination changed, otherwise only name, source and switch.
    /// [`StoreError::Outdated`], and nothing is written, when it is no longer what was `seen`; `None` asks for nothing. Returns what it is now, which the
    /// next change may have replaced when this is read.
    pub async fn change_connection(
        &self,
        draft: ConnectionDraft,
        seen: Option<Seen>,
    ) -> Result<Connection, StoreError> {
        let saved_by = self.saver();
        either!(self.write(move |conn| {
            let before = load(conn, draft.id)?.into_domain()?;
            // By their text: the order of members is part of what is sent.
            let same = text_of(&before.version.rules)? == text_of(&draft.rules)?
                && before.version.destination_id == draft.destination_id;
            let switches = draft
                .enabled
                .is_some_and(|enabled| enabled != before.enabled);
            let says_the_same = same
                && !switches
                && before.name == draft.name
                && before.source_id == draft.source_id;
            // Who saves the same once more, by a second click, overwrites nothing.
            if !says_the_same && seen.is_some_and(|seen| !seen.is_still(&before)) {
                return Err(StoreError::Outdated);
            }
            check_ends(conn, &draft)?;
            let version_id = if same {
                before.version.id
            } else {
                draft.version_id
            };
            if !same {
                insert_version(conn, &draft, before.version.number + 1, saved_by.as_ref())?;
            }
            diesel::update(connections::table.find(&draft.id.as_bytes()[..]))
                .set((
                    connections::name.eq(&draft.name),
                    connections::source_id.eq(&draft.source_id.as_bytes()[..]),
                    connections::version_id.eq(&version_id.as_bytes()[..]),
                    connections::enabled.eq(draft.enabled.unwrap_or(before.enabled)),
                    connections::updated_at.eq(draft.now_ms),
                ))
                .execute(conn)?;
            load(conn, draft.id)?.into_domain()
        }))
    }

    /// Whoever the waiting note tells of.
    fn saver(&self) -> Option<SavedBy> {
        let actor = self.waiting_note()?.actor;
        Some(SavedBy {
            kind: actor.kind,
            name: actor.name,
        })
    }

    /// Every connection that is not deleted, the oldest first.
    pub async fn connections(&self) -> Result<Vec<Connection>, StoreError> {
        either!(self.read(|conn| {
            let rows: Vec<(ConnectionRow, VersionRow)> = connections::table
                .inner_join(
                    connection_versions::table
                        .on(connection_versions::id.eq(connections::version_id)),
                )
                .filter(connections::deleted_at.is_null())
                .order(connections::id)
                .select((ConnectionRow::as_select(), VersionRow::as_select()))
                .load(conn)?;
            rows.into_iter()
                .map(|(connection, version)| {
                    JoinedRow {
                        connection,
                        version,
                    }
                    .into_domain()
                })
                .collect()
        }))
    }

    /// One connection with its present version; deleted ones are not found.
    pub async fn connection(&self, id: ConnectionId) -> Result<Connection, StoreError> {
        either!(self.read(move |conn| load(conn, id)?.into_domain()))
    }

    /// All versions of a connection, the newest first; of deleted ones too.
    pub async fn versions(&self, id: ConnectionId) -> Result<Vec<Version>, StoreError> {
        either!(self.read(move |conn| {
            let rows: Vec<VersionRow> = connection_versions::table
                .filter(connection_versions::connection_id.eq(&id.as_bytes()[..]))
                .order(connection_versions::number.desc())
                .select(VersionRow::as_select())
                .load(conn)?;
            if rows.is_empty() {
                return Err(StoreError::NotFound("connection"));
            }
            rows.into_iter().map(VersionRow::into_domain).collect()
        }))
    }

    /// One version, for a delivery that names it.
    pub async fn version(&self, id: VersionId) -> Result<Version, StoreError> {
        either!(self.read(move |conn| {
            connection_versions::table
                .find(&id.as_bytes()[..])
                .select(VersionRow::as_select())
                .first(conn)
                .optional()?
                .ok_or(StoreError::NotFound("version"))?
                .into_domain()
        }))
    }

    /// Switches a connection on or off.
    pub async fn enable_connection(
        &self,
        id: ConnectionId,
        enabled: bool,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            load(conn, id)?;
            diesel::update(connections::table.find(&id.as_bytes()[..]))
                .set((
                    connections::enabled.eq(enabled),
                    connections::updated_at.eq(now_ms),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Deletes a connection; what it already made goes on and stays in the log.
    pub async fn delete_connection(&self, id: ConnectionId, now_ms: i64) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            load(conn, id)?;
            diesel::update(connections::table.find(&id.as_bytes()[..]))
                .set((
                    connections::deleted_at.eq(Some(now_ms)),
                    connections::enabled.eq(false),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }
}

fn text_of(rules: &RulesDocument) -> Result<String, StoreError> {
    serde_json::to_string(rules).map_err(|error| StoreError::Corrupt(error.to_string()))
}

impl Seen {
    fn is_still(&self, present: &Connection) -> bool {
        match self {
            Seen::Whole {
                version_id,
                name,
                source_id,
            } => {
                *version_id == present.version.id
                    && *name == present.name
                    && *source_id == present.source_id
            }
            Seen::Number(number) => *number == present.version.number,
        }
    }
}

both! {
    /// Both ends must exist; a draft may name one that was deleted meanwhile.
    fn check_ends(conn: &mut Conn, draft: &ConnectionDraft) -> Result<(), StoreError> {
        let source: i64 = sources::table
            .filter(sources::id.eq(&draft.source_id.as_bytes()[..]))
            .filter(sources::deleted_at.is_null())
            .count()
            .get_result(conn)?;
        let destination: i64 = destinations::table
            .filter(destinations::id.eq(&draft.destination_id.as_bytes()[..]))
            .filter(destinations::deleted_at.is_null())
            .count()
            .get_result(conn)?;
        match (source, destination) {
            (0, _) => Err(StoreError::NotFound("source")),
            (_, 0) => Err(StoreError::NotFound("destination")),
            _ => Ok(()),
        }
    }
}

both! {
    fn insert_version(
        conn: &mut Conn,
        draft: &ConnectionDraft,
        number: i32,
        saved_by: Option<&SavedBy>,
    ) -> Result<(), StoreError> {
        let rules = text_of(&draft.rules)?;
        diesel::insert_into(connection_versions::table)
            .values((
                connection_versions::id.eq(&draft.version_id.as_bytes()[..]),
                connection_versions::connection_id.eq(&draft.id.as_bytes()[..]),
                connection_versions::number.eq(number),
                connection_versions::destination_id.eq(&draft.destination_id.as_bytes()[..]),
                connection_versions::rules.eq(rules),
                connection_versions::created_at.eq(draft.now_ms),
                connection_versions::saved_by_kind.eq(saved_by.map(|by| by.kind.as_str())),
                connection_versions::saved_by_name.eq(saved_by.map(|by| row::text(&by.name))),
            ))
            .execute(conn)?;
        Ok(())
    }
}

both! {
    fn load(conn: &mut Conn, id: ConnectionId) -> Result<JoinedRow, StoreError> {
        let (connection, version) = connections::table
            .inner_join(
                connection_versions::table.on(connection_versions::id.eq(connections::version_id)),
            )
            .filter(connections::id.eq(&id.as_bytes()[..]))
            .filter(connections::deleted_at.is_null())
            .select((ConnectionRow::as_select(), VersionRow::as_select()))
            .first(conn)
            .optional()?
            .ok_or(StoreError::NotFound("connection"))?;
        Ok(JoinedRow {
            connection,
            version,
        })
    }
}

struct JoinedRow {
    connection: ConnectionRow,
    version: VersionRow,
}

impl JoinedRow {
    fn into_domain(self) -> Result<Connection, StoreError> {
        Ok(Connection {
            id: row::id(&self.connection.id, ConnectionId::from_slice)?,
            name: self.connection.name,
            source_id: row::id(&self.connection.source_id, SourceId::from_slice)?,
            enabled: self.connection.enabled,
            version: self.version.into_domain()?,
            created_at: row::time(self.connection.created_at)?,
            updated_at: row::time(self.connection.updated_at)?,
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = connections)]
struct ConnectionRow {
    id: Vec<u8>,
    name: String,
    source_id: Vec<u8>,
    enabled: bool,
    created_at: i64,
    updated_at: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = connection_versions)]
struct VersionRow {
    id: Vec<u8>,
    connection_id: Vec<u8>,
    number: i32,
    destination_id: Vec<u8>,
    rules: String,
    created_at: i64,
    saved_by_kind: Option<String>,
    saved_by_name: Option<String>,
}

impl VersionRow {
    fn into_domain(self) -> Result<Version, StoreError> {
        let rules: RulesDocument = serde_json::from_str(&self.rules)
            .map_err(|error| StoreError::Corrupt(format!("a version's rules: {error}")))?;
        let kind = self.saved_by_kind.as_deref();
        let kind = kind.map(|word| row::word(word, ActorKind::from_word));
        let saved_by = kind
            .transpose()?
            .zip(self.saved_by_name)
            .map(|(kind, name)| SavedBy { kind, name });
        Ok(Version {
            id: row::id(&self.id, VersionId::from_slice)?,
            connection_id: row::id(&self.connection_id, ConnectionId::from_slice)?,
            number: self.number,
            destination_id: row::id(&self.destination_id, DestinationId::from_slice)?,
            rules,
            created_at: row::time(self.created_at)?,
            saved_by,
        })
    }
}
