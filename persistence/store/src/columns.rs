//! From columns to the exchange's own types. A value that this program never writes is reported, not guessed.

use std::fmt::Display;

use sqlx::Row;
use sqlx::any::AnyRow;

use crate::StoreError;

/// A BIGINT or INTEGER column that is never below zero.
pub(crate) fn unsigned<T: TryFrom<i64>>(
    row: &AnyRow,
    table: &'static str,
    column: &'static str,
) -> Result<T, StoreError> {
    let value: i64 = row.try_get(column)?;
    T::try_from(value).map_err(|_| corrupt(table, column, value))
}

/// Like [`unsigned`], for a column that may be NULL.
pub(crate) fn unsigned_option<T: TryFrom<i64>>(
    row: &AnyRow,
    table: &'static str,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    let value: Option<i64> = row.try_get(column)?;
    value.map(|value| T::try_from(value).map_err(|_| corrupt(table, column, value))).transpose()
}

/// A TEXT column that holds one of an enum's words.
pub(crate) fn word<T>(
    row: &AnyRow,
    table: &'static str,
    column: &'static str,
    from_code: impl Fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    let value: &str = row.try_get(column)?;
    from_code(value).ok_or_else(|| corrupt(table, column, value))
}

/// Like [`word`], for a column that may be NULL.
pub(crate) fn word_option<T>(
    row: &AnyRow,
    table: &'static str,
    column: &'static str,
    from_code: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    let value: Option<&str> = row.try_get(column)?;
    value.map(|value| from_code(value).ok_or_else(|| corrupt(table, column, value))).transpose()
}

/// An INTEGER column that is a flag.
pub(crate) fn flag(row: &AnyRow, column: &'static str) -> Result<bool, StoreError> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}

/// The error for a value that cannot be.
pub(crate) fn corrupt(table: &'static str, column: &'static str, value: impl Display) -> StoreError {
    StoreError::Corrupt { table, column, value: value.to_string() }
}
