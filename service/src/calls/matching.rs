//! The condition that calls match a filter, the only one in the crate, and which index answers it.
//!
//! A list is read in the order of an index and ends with the page. Which index that is decides its cost: with
//! `status=completed&language=fr`, the index of the status passes a million calls, that of the language a few. SQLite
//! has no statistics of the values, so [`Lead::choose`] counts, up to [`PROBE`], how many calls each part of the filter
//! has, and the [`Lead`] with the fewest is the only part that may use an index; the others are written so that they
//! cannot. PostgreSQL has statistics, and decides itself.

use entity::call::{Column, Entity};
use sea_orm::{
    Condition, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, Iden, PaginatorTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, SimpleExpr, Value},
};
use serde_json::Number;

use super::{Visible, filter::CallFilter, filter::CustomValue};

/// How many calls a part of a filter may have and still be called rare.
///
/// Counting stops there, so a probe costs at most as much as reading that many entries of an index, about a
/// millisecond.
pub(super) const PROBE: u64 = 2_000;

/// The part of a filter whose index a query reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// Whichever the database chooses.
    Any,
    /// None: all calls in the order of the list.
    Order,
    /// The calls with a value in this column, in the order of the list.
    Equal(&'static str),
    /// The few calls whose value in this column is in a range, which then have to be sorted.
    Few(&'static str),
}

/// A part of a filter that an index of its own can answer.
struct Term {
    column: &'static str,
    kind: Kind,
}

enum Kind {
    /// One of these values.
    Equal(Vec<Value>),
    /// Texts from the first to the second, exclusive, or from the first on.
    Prefix(String),
    AtLeast(i64),
    AtMost(i64),
}

impl Term {
    fn is_range(&self) -> bool {
        !matches!(self.kind, Kind::Equal(_))
    }

    fn lead(&self) -> Lead {
        if self.is_range() { Lead::Few(self.column) } else { Lead::Equal(self.column) }
    }

    /// The condition. `hidden` keeps SQLite from using an index for it.
    fn condition(&self, hidden: bool, backend: DatabaseBackend) -> SimpleExpr {
        let column = column(self.column, hidden);
        match &self.kind {
            Kind::Equal(values) => match values.as_slice() {
                [value] => column.eq(value.clone()),
                values => column.is_in(values.iter().cloned()),
            },
            Kind::AtLeast(least) => column.gte(*least),
            Kind::AtMost(most) => column.lte(*most),
            // Only a pattern means the same in each collation of PostgreSQL. SQLite compares bytes.
            Kind::Prefix(prefix) if backend == DatabaseBackend::Postgres => column.like(pattern(prefix)),
            Kind::Prefix(prefix) => {
                let from = column.clone().gte(prefix);
                match after(prefix) {
                    Some(end) => from.and(column.lt(end)),
                    None => from,
                }
            }
        }
    }
}

fn column(name: &str, hidden: bool) -> SimpleExpr {
    let sign = if hidden { "+" } else { "" };
    Expr::cust(format!("{sign}\"call\".\"{name}\""))
}

/// A pattern for texts that begin so.
fn pattern(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for letter in prefix.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// The least text after all that begin so; none if there is none.
fn after(prefix: &str) -> Option<String> {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        // The surrogates, between which and U+E000 no character is, have no place in a text.
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

/// The parts of a filter that an index can answer, the one that usually has the fewest calls first.
fn terms(filter: &CallFilter) -> Vec<Term> {
    let one = |column, value: Option<Value>| value.map(|value| Term { column, kind: Kind::Equal(vec![value]) });
    let several =
        |column, values: Vec<Value>| (!values.is_empty()).then_some(Term { column, kind: Kind::Equal(values) });
    let range = |column, kind: Option<Kind>| kind.map(|kind| Term { column, kind });
    let named = |value: &Option<String>| value.clone().map(Value::from);
    let text = |private: &crate::Private| Value::from(private.expose().clone());
    let prefix = filter.caller_prefix.as_ref().map(|prefix| Kind::Prefix(prefix.expose().clone()));
    let parts = [
        one("stream_sid", named(&filter.stream_sid)),
        one("call_sid", named(&filter.call_sid)),
        one("caller", filter.caller.as_ref().map(text)),
        range("caller", prefix),
        several("agent", filter.agent.iter().map(text).collect()),
        one("device_type", named(&filter.device_type)),
        one("region", named(&filter.region)),
        one("language", named(&filter.language)),
        several("end_reason", filter.end_reason.iter().map(|reason| (*reason).into()).collect()),
        range("response_latency_ms", filter.max_response_latency_ms.map(Kind::AtMost)),
        range("talk_time_ms", filter.min_talk_time_ms.map(Kind::AtLeast)),
        one("direction", filter.direction.map(Into::into)),
        several("status", filter.status.iter().map(|status| (*status).into()).collect()),
        one("has_recording", filter.has_recording.map(Value::from)),
    ];
    parts.into_iter().flatten().collect()
}

impl Lead {
    /// Chooses what leads a list with this filter.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn choose(filter: &CallFilter, connection: &impl ConnectionTrait) -> Result<Self, DbErr> {
        if connection.get_database_backend() != DatabaseBackend::Sqlite {
            return Ok(Self::Any);
        }
        let terms = terms(filter);
        match terms.as_slice() {
            [] => return Ok(Self::Order),
            [term] if !term.is_range() => return Ok(term.lead()),
            // A name that one call has.
            [term, ..] if ["stream_sid", "call_sid"].contains(&term.column) => return Ok(term.lead()),
            _ => {}
        }
        let mut best = (PROBE, Self::Order);
        if let Some(term) = terms.iter().find(|term| !term.is_range()) {
            best.1 = term.lead();
        }
        for term in &terms {
            let some = Entity::find().visible().filter(term.condition(false, DatabaseBackend::Sqlite));
            let some = some.select_only().column(Column::Id).limit(best.0);
            let found = some.count(connection).await?;
            if found < best.0 {
                best = (found, term.lead());
            }
        }
        Ok(best.1)
    }

    /// Whether the rows have to be sorted.
    pub(crate) fn is_unsorted(self) -> bool {
        matches!(self, Self::Few(_))
    }

    /// Whether a part of a filter must not use an index.
    fn hides(self, term: &Term) -> bool {
        self != Self::Any && self != term.lead()
    }
}

/// The filters of which each has one of the values that lead, so that each can be read in the order of an index.
pub(crate) fn split(filter: &CallFilter, lead: Lead) -> Vec<CallFilter> {
    let Lead::Equal(column) = lead else { return vec![filter.clone()] };
    let with = |change: &dyn Fn(&mut CallFilter)| {
        let mut one = filter.clone();
        change(&mut one);
        one
    };
    match column {
        "status" => filter.status.iter().map(|status| with(&|one| one.status = vec![*status])).collect(),
        "agent" => filter.agent.iter().map(|agent| with(&|one| one.agent = vec![agent.clone()])).collect(),
        "end_reason" => filter.end_reason.iter().map(|reason| with(&|one| one.end_reason = vec![*reason])).collect(),
        _ => vec![filter.clone()],
    }
}

/// The condition that calls match a filter. Statements with it also need [`visible`](Visible::visible).
///
/// `sorted` is the column of the list's order, and `None` if order does not matter. Only that column and the `lead` may
/// use an index, since the result would otherwise have to be sorted.
pub(crate) fn matching(filter: &CallFilter, lead: Lead, sorted: Option<Column>, backend: DatabaseBackend) -> Condition {
    let range = |other: Column| {
        let hides = lead != Lead::Any
            && (lead.is_unsorted() || sorted.is_some_and(|sorted| sorted.unquoted() != other.unquoted()));
        column(other.unquoted(), hides)
    };
    let mut condition = Condition::all();
    for term in terms(filter) {
        condition = condition.add(term.condition(lead.hides(&term), backend));
    }
    condition
        .add_option(filter.started_after.map(|time| range(Column::StartTime).gte(Value::from(time))))
        .add_option(filter.started_before.map(|time| range(Column::StartTime).lt(Value::from(time))))
        .add_option(filter.min_duration_ms.map(|least| range(Column::DurationMs).gte(least)))
        .add_option(filter.max_duration_ms.map(|most| range(Column::DurationMs).lte(most)))
        .add_option((!filter.custom_data.is_empty()).then(|| custom(&filter.custom_data, backend)))
}

/// The condition that a call's custom data has all these values. No index answers it.
fn custom(values: &[CustomValue], backend: DatabaseBackend) -> SimpleExpr {
    let (mut text, mut bound) = (Vec::new(), Vec::<Value>::new());
    for custom in values {
        let value = custom.value.expose();
        let number = serde_json::from_str::<Number>(value).ok();
        let boolean = value.parse::<bool>().ok();
        if backend == DatabaseBackend::Postgres {
            let mut bind = |value: Value| {
                bound.push(value);
                format!("${}", bound.len())
            };
            let steps = custom.path.iter().map(|name| format!(" -> {}", bind(name.expose().clone().into())));
            let steps: String = steps.collect();
            let mut alternatives = vec![serde_json::Value::from(value.as_str()).to_string()];
            alternatives.extend(number.map(|number| number.to_string()));
            alternatives.extend(boolean.map(|boolean| boolean.to_string()));
            let alternatives = alternatives.into_iter().map(|json| format!("CAST({} AS jsonb)", bind(json.into())));
            text.push(format!("m.custom_data{steps} IN ({})", alternatives.collect::<Vec<_>>().join(", ")));
            continue;
        }
        let names = custom.path.iter().map(|name| format!(".\"{}\"", name.expose()));
        let path = Value::from(names.fold("$".to_owned(), |path, name| path + &name));
        let mut alternatives = vec!["(json_type(m.custom_data, ?) = 'text' AND json_extract(m.custom_data, ?) = ?)"];
        bound.extend([path.clone(), path.clone(), value.clone().into()]);
        if let Some(number) = number {
            alternatives
                .push("(json_type(m.custom_data, ?) IN ('integer', 'real') AND json_extract(m.custom_data, ?) = ?)");
            let number = number.as_i64().map_or_else(|| number.as_f64().into(), Value::from);
            bound.extend([path.clone(), path.clone(), number]);
        }
        if let Some(boolean) = boolean {
            alternatives.push("json_type(m.custom_data, ?) = ?");
            bound.extend([path, boolean.to_string().into()]);
        }
        text.push(format!("({})", alternatives.join(" OR ")));
    }
    let text = text.join(" AND ");
    let exists = format!("EXISTS (SELECT 1 FROM call_metadata m WHERE m.call_id = \"call\".\"id\" AND {text})");
    Expr::cust_with_values(exists, bound)
}

#[cfg(test)]
mod tests {
    use super::{after, pattern};

    #[test]
    fn the_text_after_a_prefix_is_the_least_that_does_not_begin_so() {
        assert_eq!(after("+1").as_deref(), Some("+2"));
        assert_eq!(after("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(after("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after("\u{10ffff}"), None);
    }

    #[test]
    fn a_pattern_has_no_wildcard_of_the_client() {
        assert_eq!(pattern("50%_\\"), "50\\%\\_\\\\%");
    }
}
