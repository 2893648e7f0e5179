//! Copies a SQLite file into PostgreSQL, table by table, and compares both.
//!
//! Called by `cli::migrate_data` while no server works on either. Which tables and columns there are is read from the file itself, so that a
//! migration needs no change here; their order follows the foreign keys. Rows go in the order of their keys, a batch in a transaction, and what is
//! there already is left alone: a copy that broke off is begun again where it stopped. It never changes the file.

use std::path::Path;

use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::domain::seal::MasterKey;
use crate::store::backend::{PgConn, SqliteConn};
use crate::store::error::StoreError;
use crate::store::schema_version::Upkeep;
use crate::store::{Database, Store, sqlite};

/// Rows of one statement, and bytes of them: a row may hold a body of a mebibyte, and goes over as hex.
const BATCH_ROWS: usize = 200;
const BATCH_BYTES: usize = 8 << 20;

/// Tables that are not copied: each database keeps its own.
const LEFT_OUT: [&str; 4] = ["__diesel_schema_migrations", "key_check", "nodes", "duties"];

/// What was found of one table on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    pub table: String,
    pub rows: Side,
    pub copied: Side,
}

/// Rows of a table, and a sum over their contents that does not depend on their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Side {
    pub count: u64,
    pub checksum: u128,
}

impl Compared {
    /// Whether the copy is the same, row for row.
    pub fn is_same(&self) -> bool {
        self.rows == self.copied
    }
}

/// Copies the file at `path` into the database that `to` has open, and compares. `told` hears of each table how many rows went over.
pub async fn copy(
    path: &Path,
    key: &MasterKey,
    to: &Store,
    mut told: impl FnMut(&str, u64) + Send + 'static,
) -> Result<Vec<Compared>, StoreError> {
    let Database::Postgres(target) = &to.database else {
        return Err(StoreError::Conflict(
            "Data is moved to PostgreSQL only; name it with --to postgres://...".into(),
        ));
    };
    // Brings the file up to date, so that both have the same tables, and proves that the key fits both.
    let _checked = sqlite::Sqlite::open(path, key, Upkeep::BringUpToDate)?;
    let path = path.to_owned();
    target
        .read_at_leisure(move |to| {
            let from = &mut sqlite::open_writer(&path)?;
            let tables = tables(from)?;
            for table in &tables {
                let copied = copy_table(from, to, table)?;
                told(&table.name, copied);
            }
            tables
                .iter()
                .map(|table| {
                    Ok(Compared {
                        table: table.name.clone(),
                        rows: sum(from, table)?,
                        copied: sum(to, table)?,
                    })
                })
                .collect()
        })
        .await
}

/// A table with its columns, those of its key first.
#[derive(Debug)]
struct Table {
    name: String,
    columns: Vec<Column>,
    /// How many of the columns make the key.
    key: usize,
}

#[derive(Debug)]
struct Column {
    name: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bytes,
    Boolean,
    Integer,
    Text,
}

impl Kind {
    fn of(declared: &str) -> Kind {
        match declared {
            "BLOB" => Kind::Bytes,
            "BOOLEAN" => Kind::Boolean,
            "INTEGER" | "BIGINT" => Kind::Integer,
            _ => Kind::Text,
        }
    }
}

/// How a database writes a row as a JSON list of texts, and reads on behind a key.
trait Dialect {
    fn as_text(column: &Column) -> String;
    fn from_text(kind: Kind, text: &str) -> String;
    fn rows(&mut self, query: String) -> Result<Vec<String>, StoreError>;
    const LIST: &'static str;
}

impl Dialect for SqliteConn {
    const LIST: &'static str = "json_array";

    fn as_text(column: &Column) -> String {
        match column.kind {
            // hex() of NULL is an empty text.
            Kind::Bytes => format!(
                "CASE WHEN {0} IS NOT NULL THEN lower(hex({0})) END",
                column.name
            ),
            Kind::Text => column.name.clone(),
            Kind::Boolean | Kind::Integer => format!("CAST({} AS TEXT)", column.name),
        }
    }

    fn from_text(kind: Kind, text: &str) -> String {
        match kind {
            Kind::Bytes => format!("unhex('{text}')"),
            Kind::Text => format!("'{}'", text.replace('\'', "''")),
            Kind::Boolean | Kind::Integer => text.to_string(),
        }
    }

    fn rows(&mut self, query: String) -> Result<Vec<String>, StoreError> {
        let rows: Vec<Row> = diesel::sql_query(query).load(self)?;
        Ok(rows.into_iter().map(|row| row.row).collect())
    }
}

impl Dialect for PgConn {
    const LIST: &'static str = "json_build_array";

    fn as_text(column: &Column) -> String {
        match column.kind {
            Kind::Bytes => format!("encode({}, 'hex')", column.name),
            Kind::Text => column.name.clone(),
            Kind::Boolean => format!("{}::int::text", column.name),
            Kind::Integer => format!("{}::text", column.name),
        }
    }

    fn from_text(kind: Kind, text: &str) -> String {
        match kind {
            Kind::Bytes => format!("decode('{text}', 'hex')"),
            Kind::Text => format!("'{}'", text.replace('\'', "''")),
            Kind::Boolean => format!("'{text}'::boolean"),
            Kind::Integer => text.to_string(),
        }
    }

    fn rows(&mut self, query: String) -> Result<Vec<String>, StoreError> {
        let rows: Vec<Row> = diesel::sql_query(query).load(self)?;
        Ok(rows.into_iter().map(|row| row.row).collect())
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    row: String,
}

/// A row's columns as texts.
type Texts = Vec<Option<String>>;

/// The file's tables, such that each comes after those that it refers to.
fn tables(from: &mut SqliteConn) -> Result<Vec<Table>, StoreError> {
    let names = from.rows(
        "SELECT name AS row FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name".into(),
    )?;
    let mut waiting: Vec<String> = names
        .into_iter()
        .filter(|name| !LEFT_OUT.contains(&name.as_str()))
        .collect();
    let mut ordered: Vec<Table> = Vec::new();
    while !waiting.is_empty() {
        let mut later = Vec::new();
        let before = waiting.len();
        for name in &waiting {
            let refers_to = from.rows(format!(
                "SELECT DISTINCT \"table\" AS row FROM pragma_foreign_key_list('{name}')"
            ))?;
            if refers_to
                .iter()
                .any(|other| other != name && waiting.contains(other))
            {
                later.push(name.clone());
            } else {
                ordered.push(table(from, name)?);
            }
        }
        if later.len() == before {
            return Err(StoreError::Corrupt(
                "tables that refer to each other in a circle".into(),
            ));
        }
        waiting = later;
    }
    Ok(ordered)
}

fn table(from: &mut SqliteConn, name: &str) -> Result<Table, StoreError> {
    // Columns that are computed are not listed.
    let rows = from.rows(format!(
        "SELECT json_array(name, type, CAST(pk AS TEXT)) AS row FROM pragma_table_info('{name}') ORDER BY pk = 0, pk, cid"
    ))?;
    let mut table = Table {
        name: name.to_string(),
        columns: Vec::new(),
        key: 0,
    };
    for row in rows {
        let mut texts = texts(&row)?.into_iter().flatten();
        let (Some(name), Some(declared), Some(pk)) = (texts.next(), texts.next(), texts.next())
        else {
            return Err(StoreError::Corrupt(format!(
                "the columns of {}",
                table.name
            )));
        };
        table.key += usize::from(pk != "0");
        table.columns.push(Column {
            name,
            kind: Kind::of(&declared),
        });
    }
    match table.key {
        0 => Err(StoreError::Corrupt(format!("{name} has no key"))),
        _ => Ok(table),
    }
}

/// The next rows behind a key, in its order: as many as fit a batch, and one at least.
fn page<C: Dialect>(
    conn: &mut C,
    table: &Table,
    behind: Option<&Texts>,
) -> Result<Vec<Texts>, StoreError> {
    // Both databases know how long a value is without reading it.
    let sizes = table
        .columns
        .iter()
        .filter(|column| matches!(column.kind, Kind::Bytes | Kind::Text))
        .map(|column| format!(" + coalesce(octet_length({}), 0)", column.name));
    let size = format!("(0{})", sizes.collect::<String>());
    let sizes = rows_behind(conn, table, behind, &size, BATCH_ROWS)?;
    let sizes = sizes.iter().map(|size| size.parse().unwrap_or(BATCH_BYTES));
    let list = table.columns.iter().map(C::as_text).collect::<Vec<_>>();
    let list = format!("{}({})", C::LIST, list.join(", "));
    let rows = rows_behind(conn, table, behind, &list, fitting(sizes))?;
    rows.iter().map(|row| texts(row)).collect()
}

/// How many of the rows with these sizes fit a batch.
fn fitting(sizes: impl Iterator<Item = usize>) -> usize {
    let mut bytes = 0;
    let fit = sizes.take_while(|size| {
        bytes += size;
        bytes <= BATCH_BYTES
    });
    fit.count().max(1)
}

/// What is asked of the next rows behind a key, in its order.
fn rows_behind<C: Dialect>(
    conn: &mut C,
    table: &Table,
    behind: Option<&Texts>,
    asked: &str,
    limit: usize,
) -> Result<Vec<String>, StoreError> {
    let key = key_columns(table);
    let condition = match behind {
        None => String::new(),
        Some(row) => {
            let values: Vec<String> = row
                .iter()
                .zip(&table.columns)
                .take(table.key)
                .map(|(text, column)| {
                    C::from_text(column.kind, text.as_deref().unwrap_or_default())
                })
                .collect();
            format!("WHERE ({key}) > ({})", values.join(", "))
        }
    };
    conn.rows(format!(
        "SELECT CAST({asked} AS TEXT) AS row FROM {name} {condition} ORDER BY {key} LIMIT {limit}",
        name = table.name,
    ))
}

fn key_columns(table: &Table) -> String {
    let names: Vec<&str> = table
        .columns
        .iter()
        .take(table.key)
        .map(|column| column.name.as_str())
        .collect();
    names.join(", ")
}

fn texts(row: &str) -> Result<Texts, StoreError> {
    serde_json::from_str(row).map_err(|error| StoreError::Corrupt(format!("a row: {error}")))
}

/// Copies what is missing. Ids grow, so what is there already is a beginning; for tables with other keys it is looked at again from the start.
fn copy_table(from: &mut SqliteConn, to: &mut PgConn, table: &Table) -> Result<u64, StoreError> {
    let mut behind: Option<Texts> = last_copied(to, table)?;
    let mut copied = 0;
    loop {
        let rows = page(from, table, behind.as_ref())?;
        let Some(last) = rows.last() else {
            return Ok(copied);
        };
        behind = Some(last.clone());
        copied += insert(to, table, &rows)?;
    }
}

/// The largest key that was copied, where keys are bytes and compare alike on both sides.
fn last_copied(to: &mut PgConn, table: &Table) -> Result<Option<Texts>, StoreError> {
    let comparable = table
        .columns
        .iter()
        .take(table.key)
        .all(|column| matches!(column.kind, Kind::Bytes | Kind::Integer));
    if !comparable {
        return Ok(None);
    }
    let columns: Vec<String> = table.columns.iter().map(PgConn::as_text).collect();
    let descending = key_columns(table).replace(',', " DESC,");
    let query = format!(
        "SELECT json_build_array({})::text AS row FROM {} ORDER BY {descending} DESC LIMIT 1",
        columns.join(", "),
        table.name
    );
    to.rows(query)?.first().map(|row| texts(row)).transpose()
}

fn insert(to: &mut PgConn, table: &Table, rows: &[Texts]) -> Result<u64, StoreError> {
    let names: Vec<&str> = table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let values: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| match column.kind {
            Kind::Bytes => format!("decode(r ->> {at}, 'hex')"),
            Kind::Boolean => format!("(r ->> {at})::int::boolean"),
            Kind::Integer => format!("(r ->> {at})::bigint"),
            Kind::Text => format!("r ->> {at}"),
        })
        .collect();
    let rows: Vec<Texts> = rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|text| text.as_deref().map(storable))
                .collect()
        })
        .collect();
    let document = serde_json::to_string(&rows)
        .map_err(|error| StoreError::Corrupt(format!("a row of {}: {error}", table.name)))?;
    let query = format!(
        "INSERT INTO {} ({}) SELECT {} FROM json_array_elements($1::json) AS r ON CONFLICT DO NOTHING",
        table.name,
        names.join(", "),
        values.join(", ")
    );
    let inserted = diesel::sql_query(query)
        .bind::<Text, _>(document)
        .execute(to)?;
    Ok(inserted as u64)
}

/// PostgreSQL's text holds no zero character.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn sum<C: Dialect>(conn: &mut C, table: &Table) -> Result<Side, StoreError> {
    let mut side = Side::default();
    let mut behind: Option<Texts> = None;
    loop {
        let rows = page(conn, table, behind.as_ref())?;
        let Some(last) = rows.last() else {
            return Ok(side);
        };
        behind = Some(last.clone());
        for row in &rows {
            let storable: Vec<Value> = row
                .iter()
                .map(|text| text.as_deref().map(storable).into())
                .collect();
            let digest = Sha256::digest(Value::Array(storable).to_string());
            let mut part = [0; 16];
            part.copy_from_slice(&digest[..16]);
            side.count += 1;
            side.checksum = side.checksum.wrapping_add(u128::from_be_bytes(part));
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel::Connection as _;
    use diesel::connection::SimpleConnection as _;

    use super::*;

    #[test]
    fn a_batch_holds_as_many_rows_as_fit_and_every_row_is_in_one() {
        let mut conn = SqliteConn::establish(":memory:").unwrap();
        // Five of three mebibytes, one larger than a batch, and many small ones.
        conn.batch_execute(
            "CREATE TABLE bodies (id INTEGER PRIMARY KEY, body BLOB, note TEXT); \
             INSERT INTO bodies (body) WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 5) \
             SELECT zeroblob(3 << 20) FROM n; \
             INSERT INTO bodies (body) VALUES (zeroblob(9 << 20)); \
             INSERT INTO bodies (note) WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 250) \
             SELECT 'small' FROM n;",
        )
        .unwrap();
        let tables = tables(&mut conn).unwrap();
        let [bodies] = &tables[..] else {
            panic!("{tables:?}");
        };
        let (mut behind, mut batches) = (None, Vec::new());
        loop {
            let rows = page(&mut conn, bodies, behind.as_ref()).unwrap();
            let Some(last) = rows.last() else { break };
            behind = Some(last.clone());
            batches.push(rows.len());
        }
        assert_eq!(batches, [2, 2, 1, 1, 200, 50]);
    }
}
