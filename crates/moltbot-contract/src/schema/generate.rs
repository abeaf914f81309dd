//! From Rust types to schemas in the subset that validators and model providers share.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

/// Which way values of the type travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Read by us: what serde fills in by default may be left out.
    Read,
    /// Written, or demanded in full: every field is required.
    Full,
}

/// The schema of `T`, everything in place (no `$ref`), without `$schema`.
pub fn schema_of<T: JsonSchema>(direction: Direction) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let settings = match direction {
        Direction::Read => settings.for_deserialize(),
        Direction::Full => settings.for_serialize(),
    };
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(object) = schema.as_object_mut() {
        object.remove("title");
    }
    simplify(&mut schema);
    schema
}

/// The same schema with every object closed (`additionalProperties: false`).
#[must_use]
pub fn closed(mut schema: Value) -> Value {
    each_schema(&mut schema, &mut |object| {
        if object.contains_key("properties") {
            object.insert("additionalProperties".into(), false.into());
        }
    });
    schema
}

/// Brings what the derive emits into the common subset: `enum` instead of `oneOf` of constants, no `default`,
/// no `format` that only names a Rust type.
fn simplify(schema: &mut Value) {
    each_schema(schema, &mut |object| {
        object.remove("default");
        if object.get("format").and_then(Value::as_str).is_some_and(|format| format != "date-time") {
            object.remove("format");
        }
        if let Some(Value::String(text)) = object.get_mut("description") {
            *text = text.split('\n').map(str::trim).collect::<Vec<_>>().join(" ");
        }
        let constants = object.get("oneOf").and_then(Value::as_array).and_then(|each| {
            each.iter()
                .map(|one| one.get("const").filter(|text| text.is_string()).cloned())
                .collect::<Option<Vec<_>>>()
        });
        if let Some(constants) = constants {
            object.remove("oneOf");
            object.insert("type".into(), "string".into());
            object.insert("enum".into(), constants.into());
        }
        if let Some(Value::Array(alternatives)) = object.get("anyOf")
            && let Some(nullable) = nullable_enum(alternatives)
        {
            object.remove("anyOf");
            object.append(&mut nullable.as_object().cloned().unwrap_or_default());
        }
    });
}

/// `anyOf: [enum of texts, null]` as one enum.
fn nullable_enum(alternatives: &[Value]) -> Option<Value> {
    let [one, null] = alternatives else { return None };
    if null.get("type") != Some(&json!("null")) {
        return None;
    }
    let mut values = one.get("enum")?.as_array()?.clone();
    values.push(Value::Null);
    Some(json!({ "type": ["string", "null"], "enum": values }))
}

/// Visits every schema object, inner ones first.
fn each_schema(schema: &mut Value, visit: &mut dyn FnMut(&mut serde_json::Map<String, Value>)) {
    let Some(object) = schema.as_object_mut() else { return };
    for (keyword, value) in object.iter_mut() {
        match keyword.as_str() {
            "properties" | "$defs" => {
                for inner in value.as_object_mut().into_iter().flat_map(|map| map.values_mut()) {
                    each_schema(inner, visit);
                }
            }
            "anyOf" | "oneOf" | "allOf" => {
                value.as_array_mut().into_iter().flatten().for_each(|inner| each_schema(inner, visit));
            }
            "items" | "additionalProperties" => each_schema(value, visit),
            _ => {}
        }
    }
    visit(object);
}
