//! From a schema document to the form that is interpreted.

use serde_json::{Map, Number, Value};

use super::pattern::Pattern;

/// `$ref`s followed in a row, at most: recursion has no place in what we publish.
const REF_DEPTH_MAX: usize = 32;

/// Why a schema cannot be interpreted. Met by tests, before anything is published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// A keyword this interpreter does not know.
    #[error("unknown keyword `{keyword}` at {place}")]
    UnknownKeyword {
        /// The keyword.
        keyword: String,
        /// A JSON Pointer into the schema.
        place: String,
    },
    /// A keyword with a value this interpreter does not take.
    #[error("unsupported value of `{keyword}` at {place}")]
    UnsupportedValue {
        /// The keyword.
        keyword: String,
        /// A JSON Pointer into the schema.
        place: String,
    },
    /// A `$ref` that leads nowhere in this document, or in circles.
    #[error("unresolved $ref at {place}")]
    UnresolvedRef {
        /// A JSON Pointer into the schema.
        place: String,
    },
}

/// A schema ready to check values against.
#[derive(Debug, Clone)]
pub struct CompiledSchema {
    pub(super) root: Node,
}

impl CompiledSchema {
    /// Compiles a schema document.
    ///
    /// # Errors
    /// [`CompileError`] names the keyword or reference that is beyond this interpreter.
    pub fn compile(document: &Value) -> Result<Self, CompileError> {
        let root = Compiler { document }.node(document, "", 0)?;
        Ok(Self { root })
    }

    /// A schema that no value conforms to.
    pub fn nothing() -> Self {
        Self { root: Node { types: Some(Types::default()), ..Node::default() } }
    }
}

/// JSON's types as bits, `integer` beside `number`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Types(u8);

impl Types {
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const INTEGER: Self = Self(4);
    pub(super) const NUMBER: Self = Self(8);
    pub(super) const STRING: Self = Self(16);
    pub(super) const ARRAY: Self = Self(32);
    pub(super) const OBJECT: Self = Self(64);

    const NAMES: [(&'static str, Self); 7] = [
        ("an object", Self::OBJECT),
        ("an array", Self::ARRAY),
        ("a string", Self::STRING),
        ("an integer", Self::INTEGER),
        ("a number", Self::NUMBER),
        ("a boolean", Self::BOOLEAN),
        ("null", Self::NULL),
    ];

    fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(known, _)| {
                known.strip_prefix("an ").or(known.strip_prefix("a ")).unwrap_or(known) == name
            })
            .map(|(_, types)| *types)
    }

    /// An integer is a number too.
    pub(super) const fn and_number(self) -> Self {
        Self(self.0 | Self::NUMBER.0)
    }

    /// Whether the two have a type in common.
    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// `a string or null`.
    pub(super) fn describe(self) -> String {
        let names: Vec<_> =
            Self::NAMES.iter().filter(|(_, types)| self.meets(*types)).map(|(name, _)| *name).collect();
        names.join(" or ")
    }
}

/// One schema object. Absent keywords constrain nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) types: Option<Types>,
    pub(super) one_of_texts: Option<Texts>,
    pub(super) min_length: usize,
    pub(super) max_length: Option<usize>,
    pub(super) pattern: Option<Pattern>,
    pub(super) minimum: Option<Number>,
    pub(super) maximum: Option<Number>,
    pub(super) min_items: usize,
    pub(super) max_items: Option<usize>,
    pub(super) items: Option<Box<Node>>,
    /// Sorted by key, as `serde_json` sorts objects.
    pub(super) properties: Vec<(String, Node)>,
    pub(super) required: Vec<String>,
    pub(super) closed: bool,
    pub(super) any_of: Option<AnyOf>,
}

/// The values of `enum` or `const`: texts, and possibly null.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    pub(super) texts: Vec<String>,
    pub(super) null: bool,
}

/// Alternatives.
#[derive(Debug, Clone)]
pub(super) enum AnyOf {
    /// Told apart by the one value each takes in a property that all require.
    ByTag { tag: &'static str, variants: Vec<(String, Node)> },
    /// Tried one after the other.
    Tried(Vec<Node>),
}

struct Compiler<'a> {
    document: &'a Value,
}

impl Compiler<'_> {
    fn node(&self, schema: &Value, place: &str, refs: usize) -> Result<Node, CompileError> {
        let unsupported = |keyword: &str| CompileError::UnsupportedValue {
            keyword: keyword.to_owned(),
            place: place.to_owned(),
        };
        let object = match schema {
            Value::Object(object) => object,
            Value::Bool(true) => return Ok(Node::default()),
            _ => return Err(unsupported("")),
        };
        if let Some(reference) = object.get("$ref") {
            return self.referred(object, reference, place, refs);
        }
        let mut node = Node::default();
        for (keyword, value) in object {
            let bad = || unsupported(keyword);
            let count = || value.as_u64().and_then(|count| usize::try_from(count).ok()).ok_or_else(bad);
            let below = || format!("{place}/{keyword}");
            match keyword.as_str() {
                "$schema" | "$id" | "$defs" | "title" | "description" | "format" | "default" => {}
                "type" => node.types = Some(types(value).ok_or_else(bad)?),
                "enum" => node.one_of_texts = Some(texts(value.as_array().ok_or_else(bad)?).ok_or_else(bad)?),
                "const" => node.one_of_texts = Some(texts(std::slice::from_ref(value)).ok_or_else(bad)?),
                "minLength" => node.min_length = count()?,
                "maxLength" => node.max_length = Some(count()?),
                "minItems" => node.min_items = count()?,
                "maxItems" => node.max_items = Some(count()?),
                "minimum" => node.minimum = Some(value.as_number().ok_or_else(bad)?.clone()),
                "maximum" => node.maximum = Some(value.as_number().ok_or_else(bad)?.clone()),
                "pattern" => {
                    node.pattern = Some(value.as_str().and_then(Pattern::parse).ok_or_else(bad)?);
                }
                "items" => node.items = Some(Box::new(self.node(value, &below(), refs)?)),
                "properties" => {
                    for (name, schema) in value.as_object().ok_or_else(bad)? {
                        let place = format!("{place}/properties/{name}");
                        node.properties.push((name.clone(), self.node(schema, &place, refs)?));
                    }
                    node.properties.sort_by(|(a, _), (b, _)| a.cmp(b));
                }
                "required" => {
                    for name in value.as_array().ok_or_else(bad)? {
                        node.required.push(name.as_str().ok_or_else(bad)?.to_owned());
                    }
                }
                "additionalProperties" => node.closed = !value.as_bool().ok_or_else(bad)?,
                "anyOf" => {
                    let mut variants = Vec::new();
                    for (index, schema) in value.as_array().ok_or_else(bad)?.iter().enumerate() {
                        variants.push(self.node(schema, &format!("{place}/anyOf/{index}"), refs)?);
                    }
                    node.any_of = Some(AnyOf::of(variants));
                }
                _ => {
                    return Err(CompileError::UnknownKeyword {
                        keyword: keyword.clone(),
                        place: place.to_owned(),
                    });
                }
            }
        }
        Ok(node)
    }

    /// A `$ref` stands alone but for annotations.
    fn referred(
        &self,
        object: &Map<String, Value>,
        reference: &Value,
        place: &str,
        refs: usize,
    ) -> Result<Node, CompileError> {
        if let Some(keyword) =
            object.keys().find(|key| !matches!(key.as_str(), "$ref" | "description" | "title"))
        {
            return Err(CompileError::UnknownKeyword { keyword: keyword.clone(), place: place.to_owned() });
        }
        let unresolved = || CompileError::UnresolvedRef { place: place.to_owned() };
        let pointer = reference.as_str().and_then(|text| text.strip_prefix('#')).ok_or_else(unresolved)?;
        let target = self.document.pointer(pointer).ok_or_else(unresolved)?;
        if refs == REF_DEPTH_MAX {
            return Err(unresolved());
        }
        self.node(target, pointer, refs + 1)
    }
}

impl AnyOf {
    fn of(variants: Vec<Node>) -> Self {
        const TAG: &str = "type";
        let tags: Option<Vec<String>> = variants.iter().map(|variant| variant.tag(TAG)).collect();
        match tags {
            Some(tags)
                if (1..tags.len()).all(|n| !tags.iter().take(n).any(|tag| tags.get(n) == Some(tag))) =>
            {
                Self::ByTag { tag: TAG, variants: tags.into_iter().zip(variants).collect() }
            }
            _ => Self::Tried(variants),
        }
    }
}

impl Node {
    /// The schema of a property.
    pub(super) fn property(&self, name: &str) -> Option<&Self> {
        let index = self.properties.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        self.properties.get(index).map(|(_, node)| node)
    }

    /// The one text an object of this schema must have under `tag`.
    fn tag(&self, tag: &str) -> Option<String> {
        let must_have = self.types == Some(Types::OBJECT) && self.required.iter().any(|name| name == tag);
        let values = self.property(tag).filter(|_| must_have)?.one_of_texts.as_ref()?;
        match (values.texts.as_slice(), values.null) {
            ([one], false) => Some(one.clone()),
            _ => None,
        }
    }
}

fn types(value: &Value) -> Option<Types> {
    match value {
        Value::String(name) => Types::from_name(name),
        Value::Array(names) => names.iter().try_fold(Types::default(), |sum, name| {
            Types::from_name(name.as_str()?).map(|one| Types(sum.0 | one.0))
        }),
        _ => None,
    }
}

fn texts(values: &[Value]) -> Option<Texts> {
    let mut out = Texts::default();
    for value in values {
        match value {
            Value::String(text) => out.texts.push(text.clone()),
            Value::Null => out.null = true,
            _ => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_understood_is_an_error() {
        for (schema, keyword) in [
            (json!({"oneOf": []}), "oneOf"),
            (json!({"properties": {"a": {"not": {}}}}), "not"),
            (json!({"$ref": "#/$defs/a", "minLength": 1, "$defs": {"a": {}}}), "$defs"),
        ] {
            match CompiledSchema::compile(&schema) {
                Err(CompileError::UnknownKeyword { keyword: found, .. }) => assert_eq!(found, keyword),
                other => panic!("{schema}: {other:?}"),
            }
        }
        for schema in [
            json!({"pattern": "a+"}),
            json!({"enum": [1]}),
            json!({"type": "text"}),
            json!({"additionalProperties": {}}),
        ] {
            let error = CompiledSchema::compile(&schema).unwrap_err();
            assert!(matches!(error, CompileError::UnsupportedValue { .. }), "{schema}: {error}");
        }
        let circle =
            json!({"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}, "items": {"$ref": "#/$defs/a"}});
        assert!(matches!(CompiledSchema::compile(&circle), Err(CompileError::UnresolvedRef { .. })));
    }
}
