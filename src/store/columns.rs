//! Rows as PostgreSQL takes them quickest: an array for each column, unnested side by side. A batch of any size is one statement then, put together
//! and prepared once for a connection, with as many parameters as there are columns.
//!
//! Used by `ingest` and `results` for the tables that the log grows in. SQLite takes the same rows as diesel writes them.

/// `columns! { struct Row, Columns of table { column: Type, ... } }` makes a row that diesel inserts, and the same rows column by column, which
/// PostgreSQL inserts; `Columns::<true>` leaves out rows whose key is taken.
macro_rules! columns {
    ($(#[$doc:meta])* struct $row:ident, $columns:ident of $table:ident { $($column:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(diesel::Insertable)]
        #[diesel(table_name = $table, treat_none_as_default_value = false)]
        struct $row {
            $($column: $type),*
        }

        struct $columns<'r, const SKIPS_TAKEN: bool> {
            $($column: Vec<&'r $type>),*
        }

        impl<'r, const SKIPS_TAKEN: bool> $columns<'r, SKIPS_TAKEN> {
            /// Inserts these rows and counts those that were stored.
            fn insert(
                rows: &'r [$row],
                conn: &mut $crate::store::backend::PgConn,
            ) -> Result<usize, $crate::store::error::StoreError> {
                if rows.is_empty() {
                    return Ok(0);
                }
                let columns: Self = $columns {
                    $($column: rows.iter().map(|row| &row.$column).collect()),*
                };
                Ok(diesel::RunQueryDsl::execute(columns, conn)?)
            }
        }

        impl<const SKIPS_TAKEN: bool> diesel::query_builder::QueryId for $columns<'_, SKIPS_TAKEN> {
            type QueryId = $columns<'static, SKIPS_TAKEN>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl<const SKIPS_TAKEN: bool> diesel::RunQueryDsl<$crate::store::backend::PgConn>
            for $columns<'_, SKIPS_TAKEN>
        {
        }

        impl<const SKIPS_TAKEN: bool> diesel::query_builder::QueryFragment<diesel::pg::Pg>
            for $columns<'_, SKIPS_TAKEN>
        {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                out.push_sql(concat!("INSERT INTO ", stringify!($table)));
                let mut before = " (";
                $(
                    out.push_sql(std::mem::replace(&mut before, ", "));
                    out.push_identifier(stringify!($column))?;
                )*
                before = ") SELECT unnest(";
                $(
                    out.push_sql(std::mem::replace(&mut before, "), unnest("));
                    out.push_bind_param::<diesel::sql_types::Array<diesel::dsl::SqlTypeOf<$table::$column>>, _>(
                        &self.$column,
                    )?;
                )*
                out.push_sql(if SKIPS_TAKEN { ") ON CONFLICT DO NOTHING" } else { ")" });
                Ok(())
            }
        }
    };
}
pub(super) use columns;
