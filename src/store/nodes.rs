//! The nodes that share a PostgreSQL database: their heartbeats, what one does for all, and how new the configuration is.
//!
//! Called by `flow::nodes`. A SQLite file has one server, which is alone and does everything; nothing is written then. Every heartbeat also looks
//! whether the master key is still the one that this node holds, and `rotation` refuses while nodes are heard: no node works on with a key that was
//! replaced.

use diesel::sql_types::BigInt;
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _,
    RunQueryDsl as _,
};

use crate::domain::id::NodeId;
use crate::domain::node::{Node, Share};
use crate::domain::seal::MasterKey;
use crate::store::backend::PgConn as Conn;
use crate::store::error::StoreError;
use crate::store::schema::{duties, nodes, revision};
use crate::store::{Database, Store, row};

/// A node counts as live this long after its last heartbeat, in milliseconds.
pub const LIVE_MS: i64 = 5_000;

/// A duty ends this long after it was last confirmed, in milliseconds.
pub const DUTY_MS: i64 = 10_000;

/// A silent node counts as stopped for the rotation of the master key after this long, in milliseconds: one minute.
const STOPPED_MS: i64 = 60_000;

/// A node is forgotten this long after its last heartbeat, in milliseconds: one hour.
const FORGOTTEN_MS: i64 = 3_600_000;

/// Forgetting old events and running replays.
const HOUSEKEEPING: &str = "housekeeping";

/// What a node tells of itself.
#[derive(Debug, Clone)]
pub struct Beat {
    pub id: NodeId,
    pub name: String,
    pub version: &'static str,
    /// By its own clock, in milliseconds since 1970.
    pub started_ms: i64,
    /// The revision of the configuration that it works by.
    pub revision: i64,
    /// Deliveries in its memory.
    pub waiting: i64,
}

/// What a node learns at its heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    pub share: Share,
    /// What the database's clock shows, in milliseconds since 1970; 0 where there is none but this node's.
    pub now_ms: i64,
    /// The newest revision of the configuration.
    pub revision: i64,
    /// It does what one node does for all, for the next [`DUTY_MS`].
    pub housekeeper: bool,
}

impl Store {
    /// Tells the others that this node starts. It waits for a rotation of the master key that is under way, and then fails.
    pub async fn join(&self, beat: Beat) -> Result<Pulse, StoreError> {
        match &self.database {
            Database::Sqlite(_) => self.heartbeat(beat).await,
            Database::Postgres(database) => {
                let key = self.key.clone();
                database.write(move |conn| pulse(conn, &beat, &key)).await
            }
        }
    }

    /// Tells the others that this node lives.
    pub async fn heartbeat(&self, beat: Beat) -> Result<Pulse, StoreError> {
        match &self.database {
            Database::Sqlite(_) => Ok(Pulse {
                share: Share::ALONE,
                now_ms: 0,
                revision: beat.revision,
                housekeeper: true,
            }),
            Database::Postgres(database) => {
                let key = self.key.clone();
                database
                    .write_freely(move |conn| pulse(conn, &beat, &key))
                    .await
            }
        }
    }

    /// The newest revision of sources, connections and destinations; always 0 where no other node can change them.
    pub async fn revision(&self) -> Result<i64, StoreError> {
        match &self.database {
            Database::Sqlite(_) => Ok(0),
            Database::Postgres(database) => database.read(newest_revision).await,
        }
    }

    /// A number that changes when a command has written into the SQLite file beside its server; always 0 on PostgreSQL, which has a revision.
    pub async fn commits_of_others(&self) -> Result<i64, StoreError> {
        match &self.database {
            Database::Sqlite(database) => database.commits_of_others().await,
            Database::Postgres(_) => Ok(0),
        }
    }

    /// Waits until another node may have changed the configuration. Beside it, the revision is looked at now and then.
    pub async fn news(&self) {
        match &self.database {
            Database::Sqlite(_) => std::future::pending().await,
            Database::Postgres(database) => database.news().await,
        }
    }

    /// Takes a node off the list, because it stops.
    pub async fn leave(&self, id: NodeId) -> Result<(), StoreError> {
        let Database::Postgres(database) = &self.database else {
            return Ok(());
        };
        database
            .write_freely(move |conn| {
                let id = &id.as_bytes()[..];
                diesel::delete(nodes::table.find(id)).execute(conn)?;
                diesel::delete(duties::table.filter(duties::node_id.eq(id))).execute(conn)?;
                Ok(())
            })
            .await
    }

    /// The nodes of the last hour, the oldest first; empty on SQLite.
    pub async fn nodes(&self) -> Result<Vec<Node>, StoreError> {
        let Database::Postgres(database) = &self.database else {
            return Ok(Vec::new());
        };
        database
            .read(|conn| {
                let (now_ms, newest) = (now_ms(conn)?, newest_revision(conn)?);
                let rows: Vec<NodeRow> = nodes::table.order(nodes::id).load(conn)?;
                rows.into_iter()
                    .map(
                        |(id, name, version, started_at, seen_at, revision, waiting)| {
                            Ok(Node {
                                id: row::id(&id, NodeId::from_slice)?,
                                name,
                                version,
                                started_at: row::time(started_at)?,
                                silent_ms: (now_ms - seen_at).max(0),
                                is_behind: revision < newest,
                                waiting,
                            })
                        },
                    )
                    .collect()
            })
            .await
    }
}

type NodeRow = (Vec<u8>, String, String, i64, i64, i64, i64);

/// Refuses while another node may work with the present master key.
pub(super) fn all_stopped(conn: &mut Conn) -> Result<(), StoreError> {
    let now_ms = now_ms(conn)?;
    let heard: Option<(String, i64)> = nodes::table
        .filter(nodes::seen_at.gt(now_ms - STOPPED_MS))
        .order(nodes::seen_at.desc())
        .select((nodes::name, nodes::seen_at))
        .first(conn)
        .optional()?;
    heard.map_or(Ok(()), |(name, seen_ms)| {
        Err(StoreError::Conflict(format!(
            "The server {name} was heard {} s ago. Stop every server first; one that died counts as stopped after {} s.",
            (now_ms - seen_ms).max(0) / 1_000,
            STOPPED_MS / 1_000
        )))
    })
}

fn pulse(conn: &mut Conn, beat: &Beat, key: &MasterKey) -> Result<Pulse, StoreError> {
    row::check_key(conn, key)?;
    let now_ms = now_ms(conn)?;
    let id = &beat.id.as_bytes()[..];
    let told = (
        nodes::seen_at.eq(now_ms),
        nodes::revision.eq(beat.revision),
        nodes::waiting.eq(beat.waiting),
    );
    diesel::insert_into(nodes::table)
        .values((
            nodes::id.eq(id),
            nodes::name.eq(&beat.name),
            nodes::version.eq(beat.version),
            nodes::started_at.eq(beat.started_ms),
            told,
        ))
        .on_conflict(nodes::id)
        .do_update()
        .set(told)
        .execute(conn)?;
    diesel::delete(nodes::table.filter(nodes::seen_at.lt(now_ms - FORGOTTEN_MS))).execute(conn)?;
    let live: Vec<Vec<u8>> = nodes::table
        .filter(nodes::seen_at.gt(now_ms - LIVE_MS))
        .order(nodes::id)
        .select(nodes::id)
        .load(conn)?;
    let live = live
        .iter()
        .map(|id| row::id(id, NodeId::from_slice))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Pulse {
        share: Share::among(beat.id, &live),
        now_ms,
        revision: newest_revision(conn)?,
        housekeeper: takes_duty(conn, HOUSEKEEPING, beat.id, now_ms)?,
    })
}

/// Whether the node has the duty now: it had it, or nobody has confirmed it for too long.
fn takes_duty(conn: &mut Conn, name: &str, node: NodeId, now_ms: i64) -> Result<bool, StoreError> {
    let id = &node.as_bytes()[..];
    let until = now_ms + DUTY_MS;
    let made = diesel::insert_into(duties::table)
        .values((
            duties::name.eq(name),
            duties::node_id.eq(id),
            duties::until.eq(until),
        ))
        .on_conflict_do_nothing()
        .execute(conn)?;
    let taken = diesel::update(
        duties::table
            .find(name)
            .filter(duties::node_id.eq(id).or(duties::until.lt(now_ms))),
    )
    .set((duties::node_id.eq(id), duties::until.eq(until)))
    .execute(conn)?;
    Ok(made + taken > 0)
}

fn newest_revision(conn: &mut Conn) -> Result<i64, StoreError> {
    Ok(revision::table.select(revision::number).first(conn)?)
}

/// The database's own clock: those of the nodes need not agree.
fn now_ms(conn: &mut Conn) -> Result<i64, StoreError> {
    let now = diesel::dsl::sql::<BigInt>("(extract(epoch FROM clock_timestamp()) * 1000)::bigint");
    Ok(diesel::select(now).get_result(conn)?)
}
