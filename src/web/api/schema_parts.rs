//! What schemas are put together from, those of what is asked and those of what is answered.

use serde_json::{Value, json};

/// Any text.
pub(super) fn text() -> Value {
    json!({"type": "string"})
}

/// A schema by its name.
pub(super) fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

/// The same, or null.
pub(super) fn nullable(schema: &str) -> Value {
    json!({"oneOf": [reference(schema), {"type": "null"}]})
}
