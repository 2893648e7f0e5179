//! What counts as delivered, as the form of a destination asks it: every 2xx, one of the usual rules, one condition of one's own, or a rule as JSON.
//!
//! Called by `destinations`. A rule that fits into none of the plainer ways is shown as JSON, so that nothing is lost by editing; what a rule means is
//! decided by the parser in `domain`.

use serde_json::{Value, json};

use crate::domain::destination::SuccessRule;
use crate::web::ui::connection_filter::{FilterRow, OperatorGroup, operator_groups, rows_of};
use crate::web::ui::form::Form;
use crate::web::ui::labels::group_name;

/// The group of operators that compare with a value from before, which an answer does not have.
const CHANGE: &str = "Change";

/// What the form holds of the rule.
pub struct SuccessField {
    /// `any`, `ok`, `no_errors`, `own` or `json`.
    pub way: String,
    pub path: String,
    pub op: String,
    pub value: String,
    pub json: String,
}

impl Default for SuccessField {
    fn default() -> SuccessField {
        SuccessField {
            way: "any".into(),
            path: String::new(),
            op: "equals".into(),
            value: String::new(),
            json: String::new(),
        }
    }
}

impl SuccessField {
    /// Filled in with one of the ways that need nothing more.
    pub fn in_way(way: &str) -> SuccessField {
        SuccessField {
            way: way.into(),
            ..SuccessField::default()
        }
    }

    /// A saved rule in the plainest way that it fits into.
    pub fn of(rule: Option<&SuccessRule>) -> SuccessField {
        let Some(rule) = rule.map(SuccessRule::document) else {
            return SuccessField::default();
        };
        if let Some(way) = ["ok", "no_errors"]
            .into_iter()
            .find(|way| usual(way).as_ref() == Some(rule))
        {
            return SuccessField::in_way(way);
        }
        let row = rule.get("op").and_then(|_| rows_of(rule));
        let row = row.and_then(|(_, rows)| rows.into_iter().next());
        match row.filter(|row| !row.has_options()) {
            Some(row) => SuccessField {
                path: row.path,
                op: row.op,
                value: row.value,
                ..SuccessField::in_way("own")
            },
            None => SuccessField {
                json: serde_json::to_string_pretty(rule).unwrap_or_default(),
                ..SuccessField::in_way("json")
            },
        }
    }

    /// What was typed, for showing it again.
    pub fn typed(form: &Form) -> SuccessField {
        SuccessField {
            way: form.text("success").into(),
            path: form.text("success_path").into(),
            op: form.text("success_op").into(),
            value: form.text("success_value").into(),
            json: form.text("success_json").into(),
        }
    }

    /// The rule's document.
    pub fn document(self) -> Value {
        match self.way.as_str() {
            "own" => FilterRow {
                path: self.path,
                op: self.op,
                value: self.value,
                ..FilterRow::default()
            }
            .document(),
            "json" => serde_json::from_str(&self.json).unwrap_or(Value::String(self.json)),
            way => usual(way).unwrap_or_default(),
        }
    }

    /// The operators that can be asked of an answer.
    pub fn operators(&self) -> Vec<OperatorGroup> {
        let mut groups = operator_groups(None);
        groups.retain(|group| group.name != group_name(CHANGE));
        groups
    }
}

/// The rules of services that answer 200 whatever happened.
fn usual(way: &str) -> Option<Value> {
    match way {
        "ok" => Some(json!({"path": "$.ok", "op": "is_true"})),
        "no_errors" => Some(
            json!({"all": [{"path": "$.data", "op": "exists"}, {"path": "$.errors", "op": "is_empty"}]}),
        ),
        _ => None,
    }
}
