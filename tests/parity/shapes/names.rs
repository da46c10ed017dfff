//! Names as serde and the wire have them.

use syn::parse::{Parse, ParseStream};
use syn::{Attribute, GenericArgument, LitStr, PathArguments, Token, Type};

use crate::sources::documentation;

/// How serde renames.
#[derive(Clone, Copy, Debug)]
pub(super) enum Case {
    Camel,
    Snake,
    Kebab,
    Lower,
    AsItIs,
}

impl Case {
    pub(super) fn of(name: &str) -> Self {
        match name {
            "camelCase" => Self::Camel,
            "snake_case" => Self::Snake,
            "kebab-case" => Self::Kebab,
            "lowercase" => Self::Lower,
            "" => Self::AsItIs,
            other => panic!("serde has a case {other} that is not known here"),
        }
    }

    /// A field, which is in snake case in the source.
    pub(super) fn of_field(self, name: &str) -> String {
        match self {
            Self::Camel => camel(name),
            Self::Snake | Self::Lower | Self::AsItIs => name.to_owned(),
            Self::Kebab => name.replace('_', "-"),
        }
    }

    /// A variant, which is in Pascal case in the source.
    pub(super) fn of_variant(self, name: &str) -> String {
        let words = |between: char| {
            let mut text = String::new();
            for letter in name.chars() {
                if letter.is_uppercase() && !text.is_empty() {
                    text.push(between);
                }
                text.extend(letter.to_lowercase());
            }
            text
        };
        match self {
            Self::Camel => camel(&words('_')),
            Self::Snake => words('_'),
            Self::Kebab => words('-'),
            Self::Lower => name.to_lowercase(),
            Self::AsItIs => name.to_owned(),
        }
    }
}

fn camel(name: &str) -> String {
    let mut text = String::new();
    let mut upper = false;
    for letter in name.chars() {
        if letter == '_' {
            upper = true;
        } else if upper {
            text.extend(letter.to_uppercase());
            upper = false;
        } else {
            text.push(letter);
        }
    }
    text
}

/// The name of a type, written as in `operations.json`: `Port[]`, `string?`, `Map<string, EnvValue>`.
pub(super) fn type_name(kind: &Type) -> String {
    if let Type::Reference(reference) = kind {
        return type_name(&reference.elem);
    }
    let Type::Path(path) = kind else {
        panic!("a shape has a type that is no path");
    };
    let last = path.path.segments.last().unwrap();
    let inner: Vec<String> = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(kind) => Some(type_name(kind)),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    match (last.ident.to_string().as_str(), inner.as_slice()) {
        ("Option", [inner]) => format!("{inner}?"),
        ("Vec", [inner]) => format!("{inner}[]"),
        ("BTreeMap", [key, value]) => format!("Map<{key}, {value}>"),
        ("Duration", _) => "seconds".to_owned(),
        ("String" | "str" | "PathBuf" | "Uuid" | "ActorRef", _) => "string".to_owned(),
        ("FailureCode", _) => "ErrorKind".to_owned(),
        ("bool", _) => "boolean".to_owned(),
        ("f64", _) => "number".to_owned(),
        ("u8" | "u16" | "u32" | "u64" | "i64", _) => "integer".to_owned(),
        (name, []) => name.to_owned(),
        (name, _) => panic!("the generic type {name} is not known here"),
    }
}

/// The arguments of the macro that makes the type of an id.
pub(super) struct Id {
    pub(super) name: String,
    pub(super) doc: String,
}

impl Parse for Id {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let name: syn::Ident = input.parse()?;
        input.parse::<Token![,]>()?;
        input.parse::<LitStr>()?;
        Ok(Self {
            name: name.to_string(),
            doc: documentation(&attributes),
        })
    }
}
