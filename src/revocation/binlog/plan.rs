//! Where the columns of interest are in the rows of one table, for one definition of it.

use mysql_async::binlog::events::{OptionalMetadataField, TableMapEvent};
use mysql_async::binlog::row::BinlogRow;
use mysql_async::binlog::value::BinlogValue;
use mysql_async::consts::ColumnType;

use super::change::{Change, Watched, Why};
use super::key::Kind;
use super::layout::{Column, Layout};

/// The columns as the rows of an event call them: by name, or `@` and their place where the event has no names.
#[derive(Debug)]
pub(super) struct Plan {
    table: usize,
    key: String,
    kind: Kind,
    columns: Vec<String>,
    secrets: Vec<String>,
}

/// An image of a row before or after a change, or none.
type Image<'a> = Option<&'a BinlogRow>;

impl Plan {
    /// Makes a plan; the reason why there can be none otherwise.
    pub(super) fn new(
        (table, watched): (usize, &Watched),
        map: &TableMapEvent<'_>,
        layout: &Layout,
    ) -> Result<Self, Why> {
        let names = names(map);
        let count = usize::try_from(map.columns_count()).map_err(|_| Why::Layout)?;
        if layout.reach() > count {
            return Err(Why::Layout);
        }
        let label = |name: &String| {
            let column = layout.named(name).ok_or(Why::Layout)?;
            label(column, map, names.as_deref()).ok_or(Why::Layout)
        };
        let all = |columns: &[String]| columns.iter().map(label).collect::<Result<Vec<_>, _>>();
        let kind = layout
            .named(&watched.key)
            .map_or(Kind::Other, |column| column.kind);
        Ok(Self {
            table,
            key: label(&watched.key)?,
            kind,
            columns: all(&watched.columns)?,
            secrets: all(&watched.secrets)?,
        })
    }

    /// What a row's images say: nothing of interest, one change, or two where the key itself was changed.
    pub(super) fn changes(&self, before: Image<'_>, after: Image<'_>) -> Result<Vec<Change>, Why> {
        let secret = self
            .secrets
            .iter()
            .any(|column| differs(column, before, after));
        let moved = before.is_some() && after.is_some() && differs(&self.key, before, after);
        let written = before.is_none() || after.is_none();
        let changed = self
            .columns
            .iter()
            .any(|column| differs(column, before, after));
        if !(secret || moved || written || changed) {
            return Ok(Vec::new());
        }
        let secret = secret && !written;
        let keys = match (before, after) {
            (Some(before), Some(after)) if moved => vec![self.key(before)?, self.key(after)?],
            (Some(row), _) | (None, Some(row)) => vec![self.key(row)?],
            (None, None) => Vec::new(),
        };
        let change = |key| Change {
            table: self.table,
            key,
            secret,
        };
        Ok(keys.into_iter().map(change).collect())
    }

    fn key(&self, row: &BinlogRow) -> Result<String, Why> {
        let value = value(row, &self.key).ok_or(Why::Key)?;
        self.kind.spell(value).ok_or(Why::Key)
    }
}

/// Whether a column has another value. An image after a change may hold changed columns only, and the image before it no
/// more than the key: what is only in the later one was changed.
fn differs(column: &str, before: Image<'_>, after: Image<'_>) -> bool {
    let of = |image: Image<'_>| {
        image.and_then(|row| value(row, column).cloned().map(BinlogValue::into_owned))
    };
    match (of(before), of(after)) {
        (Some(before), Some(after)) => before != after,
        (None, Some(_)) => true,
        (_, None) => false,
    }
}

/// The place in a row is not the place in the table: images leave columns out.
fn value<'a>(row: &'a BinlogRow, label: &str) -> Option<&'a BinlogValue<'a>> {
    let named = |column: &mysql_async::Column| column.name_str() == label;
    row.as_ref(row.columns_ref().iter().position(named)?)
}

/// What rows call a column: its own name where the event has names, else its place. The types have to fit, because the
/// server describes the table as it is now and not as it was.
fn label(column: &Column, map: &TableMapEvent<'_>, names: Option<&[String]>) -> Option<String> {
    let place = match names {
        Some(names) => {
            let wanted = column.name.to_lowercase();
            names
                .iter()
                .position(|name| name.to_lowercase() == wanted)?
        }
        None => column.place,
    };
    let in_event = map.get_column_type(place).ok().flatten()?;
    if !fits(&column.data_type, in_event) {
        return None;
    }
    match names {
        Some(names) => names.get(place).cloned(),
        None => Some(format!("@{place}")),
    }
}

fn names(map: &TableMapEvent<'_>) -> Option<Vec<String>> {
    map.iter_optional_meta().find_map(|field| match field {
        Ok(OptionalMetadataField::ColumnName(names)) => {
            let names = names
                .iter_names()
                .map(|name| name.map(|name| name.name().into_owned()));
            names.collect::<Result<Vec<_>, _>>().ok()
        }
        Ok(_) | Err(_) => None,
    })
}

/// Whether a column of this type comes as that. A type that is not listed fits anything.
fn fits(data_type: &str, in_event: ColumnType) -> bool {
    use ColumnType as T;
    let expected: &[ColumnType] = match data_type.to_ascii_lowercase().as_str() {
        "tinyint" => &[T::MYSQL_TYPE_TINY],
        "smallint" => &[T::MYSQL_TYPE_SHORT],
        "mediumint" => &[T::MYSQL_TYPE_INT24],
        "int" => &[T::MYSQL_TYPE_LONG],
        "bigint" => &[T::MYSQL_TYPE_LONGLONG],
        "float" => &[T::MYSQL_TYPE_FLOAT],
        "double" => &[T::MYSQL_TYPE_DOUBLE],
        "decimal" => &[T::MYSQL_TYPE_NEWDECIMAL],
        "varchar" | "varbinary" => &[T::MYSQL_TYPE_VARCHAR, T::MYSQL_TYPE_VAR_STRING],
        "char" | "binary" | "uuid" | "inet4" | "inet6" => &[T::MYSQL_TYPE_STRING],
        "enum" => &[T::MYSQL_TYPE_ENUM],
        "set" => &[T::MYSQL_TYPE_SET],
        "bit" => &[T::MYSQL_TYPE_BIT],
        "date" => &[T::MYSQL_TYPE_NEWDATE],
        "year" => &[T::MYSQL_TYPE_YEAR],
        "datetime" => &[T::MYSQL_TYPE_DATETIME2, T::MYSQL_TYPE_DATETIME],
        "timestamp" => &[T::MYSQL_TYPE_TIMESTAMP2, T::MYSQL_TYPE_TIMESTAMP],
        "time" => &[T::MYSQL_TYPE_TIME2, T::MYSQL_TYPE_TIME],
        "tinytext" | "text" | "mediumtext" | "longtext" | "tinyblob" | "blob" | "mediumblob"
        | "longblob" => &[T::MYSQL_TYPE_BLOB],
        _ => return true,
    };
    expected.contains(&in_event)
}
