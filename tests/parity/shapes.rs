//! `shapes.json`: what the core stores and serves, read out of its sources, so that bindings make their types of it.

mod defaults;
mod names;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use syn::{Fields, Item, ItemEnum, ItemStruct};

use self::names::{Case, type_name};
use crate::sources::{self, documentation, serde_words};

/// Every shape by its name.
pub(crate) type Shapes = BTreeMap<String, Shape>;

/// One shape.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum Shape {
    /// The id of something: a string.
    Id {
        /// What it is.
        doc: String,
    },
    /// Named fields.
    Record {
        /// What it is.
        doc: String,
        /// In the order of the core.
        fields: Vec<Field>,
    },
    /// One of a few strings.
    Enum {
        /// What it is.
        doc: String,
        /// In the order of the core.
        values: Vec<Variant>,
    },
    /// One of several records, told apart by the field `tag`; `fields` are those that all of them have.
    Union {
        /// What it is.
        doc: String,
        /// The field that tells them apart.
        tag: String,
        /// What all of them have.
        fields: Vec<Field>,
        /// The records.
        variants: Vec<Variant>,
    },
    /// One of several records, within an object that has the name of the record as its only field.
    Wrapped {
        /// What it is.
        doc: String,
        /// The records.
        variants: Vec<Variant>,
    },
    /// One of several types, told apart by what they are.
    Either {
        /// What it is.
        doc: String,
        /// The types.
        types: Vec<String>,
    },
}

/// One field of a record.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Field {
    /// Name in the core and in Python.
    name: String,
    /// Name on the wire and in TypeScript.
    wire: String,
    /// Its type, written as in `operations.json`.
    #[serde(rename = "type")]
    kind: String,
    /// What it is when it is left out of an input. Absent: it has to be given.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Value>,
    /// Whether an answer leaves it out when there is nothing in it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    omitted: bool,
    /// What it is.
    doc: String,
}

/// One value of an enumeration, or one record of several.
#[derive(Debug, Serialize)]
pub(crate) struct Variant {
    /// Name in the core.
    name: String,
    /// Name on the wire.
    value: String,
    /// Its fields, where it has any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    /// What it is.
    doc: String,
}

/// What operations take and give; everything that these name is a shape, too.
const ROOTS: [&str; 28] = [
    "Application",
    "ApplicationId",
    "ApplicationSpec",
    "Credential",
    "CredentialId",
    "CredentialKind",
    "CredentialSecret",
    "Database",
    "DatabaseConnection",
    "DatabaseId",
    "Deployment",
    "DeploymentId",
    "DeploymentRequest",
    "ErrorKind",
    "Event",
    "LogLine",
    "Plan",
    "Project",
    "ProjectId",
    "Provider",
    "QueueStats",
    "Release",
    "ReleaseId",
    "RuntimeInfo",
    "ServiceLogLine",
    "ServiceStats",
    "SourceRequest",
    "WebhookAnswer",
];

/// Further ones that nothing names.
const FURTHER: [&str; 2] = ["Violation", "WorkerId"];

/// Where the shapes are defined.
const PLACES: [&str; 16] = [
    "engine/databases/connection.rs",
    "engine/webhooks.rs",
    "webhook/delivery.rs",
    "webhook/order.rs",
    "clock.rs",
    "deployer.rs",
    "deployer",
    "deployment",
    "error.rs",
    "model",
    "runtime.rs",
    "runtime/observe.rs",
    "secret/keyring.rs",
    "source.rs",
    "store/queue.rs",
    "id.rs",
];

/// Reads the shapes out of the sources.
pub(crate) fn of_the_sources() -> Shapes {
    let mut reader = Reader::new();
    let mut shapes = Shapes::new();
    let mut wanted: Vec<String> = ROOTS
        .iter()
        .chain(&FURTHER)
        .map(ToString::to_string)
        .collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = wanted.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if let Some(shape) = reader.shape(&name) {
            shapes.insert(name, shape);
            wanted.append(&mut reader.named);
        }
    }
    defaults::add(&mut shapes);
    shapes
}

struct Reader {
    items: BTreeMap<String, Item>,
    ids: BTreeMap<String, String>,
    /// Types that were named while a shape was read.
    named: Vec<String>,
}

impl Reader {
    fn new() -> Self {
        let mut items = BTreeMap::new();
        let mut ids = BTreeMap::new();
        for item in PLACES.iter().flat_map(|place| sources::items(place)) {
            match &item {
                Item::Struct(record) => items.insert(record.ident.to_string(), item),
                Item::Enum(choice) => items.insert(choice.ident.to_string(), item),
                Item::Macro(call) if call.mac.path.is_ident("id") => {
                    let id: names::Id = call.mac.parse_body().unwrap();
                    ids.insert(id.name, id.doc);
                    None
                }
                _ => None,
            };
        }
        Self {
            items,
            ids,
            named: Vec::new(),
        }
    }

    fn shape(&mut self, name: &str) -> Option<Shape> {
        if let Some(doc) = self.ids.get(name) {
            return Some(Shape::Id { doc: doc.clone() });
        }
        match self.items.get(name)?.clone() {
            Item::Struct(record) => self.record(&record),
            Item::Enum(choice) => Some(self.choice(&choice)),
            _ => None,
        }
    }

    fn record(&mut self, record: &ItemStruct) -> Option<Shape> {
        // A tuple is a name for what is in it: `ActorRef` is a string.
        let Fields::Named(_) = &record.fields else {
            return None;
        };
        let words = serde_words(&record.attrs);
        let case = Case::of(words.get("rename_all").map_or("camelCase", String::as_str));
        let doc = documentation(&record.attrs);
        let fields = self.fields(&record.fields, case);
        let flattened = record
            .fields
            .iter()
            .find(|field| serde_words(&field.attrs).contains_key("flatten"));
        let Some(flattened) = flattened else {
            return Some(Shape::Record { doc, fields });
        };
        let within = type_name(&flattened.ty);
        let Item::Enum(choice) = self.items[&within].clone() else {
            panic!("{within} is no enumeration");
        };
        match self.choice(&choice) {
            Shape::Union { tag, variants, .. } => Some(Shape::Union {
                doc,
                tag,
                fields,
                variants,
            }),
            other => panic!("{within} cannot be flattened: {other:?}"),
        }
    }

    fn choice(&mut self, choice: &ItemEnum) -> Shape {
        let words = serde_words(&choice.attrs);
        let doc = documentation(&choice.attrs);
        if words.contains_key("untagged") {
            let types = choice
                .variants
                .iter()
                .map(|variant| self.untagged(&variant.fields));
            return Shape::Either {
                doc,
                types: types.collect(),
            };
        }
        let word = |name: &str| words.get(name).map_or("", String::as_str);
        let (case, field_case) = (
            Case::of(word("rename_all")),
            Case::of(word("rename_all_fields")),
        );
        let variants: Vec<_> = choice
            .variants
            .iter()
            .map(|variant| Variant {
                name: variant.ident.to_string(),
                value: case.of_variant(&variant.ident.to_string()),
                fields: self.fields_of_variant(&variant.fields, field_case),
                doc: documentation(&variant.attrs),
            })
            .collect();
        match words.get("tag") {
            Some(tag) => Shape::Union {
                doc,
                tag: tag.clone(),
                fields: Vec::new(),
                variants,
            },
            None if variants.iter().all(|variant| variant.fields.is_empty()) => Shape::Enum {
                doc,
                values: variants,
            },
            None => Shape::Wrapped { doc, variants },
        }
    }

    /// A variant without a tag is what is in it; `{secret: Secret}` is written as the type `Secret`.
    fn untagged(&mut self, fields: &Fields) -> String {
        let field = fields.iter().next().unwrap();
        self.name_of(&field.ty)
    }

    fn fields_of_variant(&mut self, fields: &Fields, case: Case) -> Vec<Field> {
        match fields {
            // A record within a tagged enumeration lies in the same object as the tag.
            Fields::Unnamed(unnamed) => {
                let within = type_name(&unnamed.unnamed[0].ty);
                match self.shape(&within) {
                    Some(Shape::Record { fields, .. }) => fields,
                    other => panic!("{within} is no record: {other:?}"),
                }
            }
            fields => self.fields(fields, case),
        }
    }

    fn fields(&mut self, fields: &Fields, case: Case) -> Vec<Field> {
        let mut read = Vec::new();
        for field in fields {
            let words = serde_words(&field.attrs);
            if words.contains_key("flatten") || words.contains_key("skip_serializing") {
                continue;
            }
            let name = field.ident.as_ref().unwrap().to_string();
            read.push(Field {
                wire: case.of_field(&name),
                kind: self.name_of(&field.ty),
                name,
                default: None,
                omitted: words
                    .get("skip_serializing_if")
                    .is_some_and(|when| when.ends_with("::is_empty")),
                doc: documentation(&field.attrs),
            });
        }
        read
    }

    fn name_of(&mut self, kind: &syn::Type) -> String {
        let name = type_name(kind);
        let words = name.split(['<', '>', ',', '?', '[', ']', ' ']);
        self.named.extend(words.map(str::to_owned));
        name
    }
}

#[test]
fn the_shapes_are_those_of_the_sources() {
    let path = sources::beside("shapes.json");
    let expected = serde_json::to_string_pretty(&of_the_sources()).unwrap() + "\n";
    if std::env::var_os("DOKPLOY_TEST_WRITE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "the sources have changed: run this test with DOKPLOY_TEST_WRITE=1, then dokploy-py/generate"
    );
}
