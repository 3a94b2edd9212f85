//! Values that must not be shown by accident.

use std::fmt;

use sea_orm::{
    ColIdx, QueryResult, TryGetError, TryGetable,
    sea_query::{ArrayType, ColumnType, Nullable, Value, ValueType, ValueTypeErr},
};
use serde::{Deserialize, Serialize};

/// A value that `Debug` and `Display` hide: personal data, such as a phone number, or a secret. It is stored in the
/// database and serialized to JSON as the plain value.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Private<T = String>(T);

impl<T> Private<T> {
    /// Hides a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The plain value.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Takes the plain value out.
    pub fn into_inner(self) -> T {
        self.0
    }

    /// Transforms the value, keeping it hidden.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Private<U> {
        Private(change(self.0))
    }
}

impl<T> From<T> for Private<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Private {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl<T> fmt::Display for Private<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(hidden)")
    }
}

impl<T: Into<Value>> From<Private<T>> for Value {
    fn from(private: Private<T>) -> Self {
        private.0.into()
    }
}

impl<T: TryGetable> TryGetable for Private<T> {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        T::try_get_by(row, index).map(Self)
    }
}

impl<T: ValueType> ValueType for Private<T> {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        T::try_from(value).map(Self)
    }

    fn type_name() -> String {
        T::type_name()
    }

    fn array_type() -> ArrayType {
        T::array_type()
    }

    fn column_type() -> ColumnType {
        T::column_type()
    }
}

impl<T: Nullable> Nullable for Private<T> {
    fn null() -> Value {
        T::null()
    }
}
