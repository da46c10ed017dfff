//! The sources of the core as syntax: its records, its enumerations and its public functions.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, ExprLit, ImplItem, Item, Lit, Meta, TraitItem, Visibility};

/// Where the sources of the core are.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../dokploy-core/src")
}

/// A file of this folder.
pub(crate) fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("parity")
        .join(name)
}

/// Every item of a file or a folder of the core.
pub(crate) fn items(place: &str) -> Vec<Item> {
    let mut items = Vec::new();
    collect(&root().join(place), &mut items);
    items
}

fn collect(path: &Path, items: &mut Vec<Item>) {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            collect(&path, items);
        }
    } else if path.extension().is_some_and(|suffix| suffix == "rs") {
        let text = fs::read_to_string(path).unwrap();
        let file = syn::parse_file(&text).unwrap();
        items.extend(file.items.into_iter().filter(|item| !is_test(item)));
    }
}

fn is_test(item: &Item) -> bool {
    let Item::Mod(module) = item else {
        return false;
    };
    module.attrs.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    })
}

/// The rustdoc text of an item, its lines joined to paragraphs, without the sections that follow the description.
pub(crate) fn documentation(attributes: &[Attribute]) -> String {
    let mut paragraphs = vec![String::new()];
    for line in attributes.iter().filter_map(doc_line) {
        let line = line.trim();
        if line.starts_with('#') {
            break;
        }
        let last = paragraphs.last_mut().unwrap();
        if line.is_empty() {
            paragraphs.push(String::new());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(line);
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs.join("\n\n")
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match &pair.value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if pair.path.is_ident("doc") => Some(text.value()),
        _ => None,
    }
}

/// What the serde attributes of an item say: `rename_all = "camelCase"` as name and value, `flatten` as a bare name.
pub(crate) fn serde_words(attributes: &[Attribute]) -> BTreeMap<String, String> {
    let mut words = BTreeMap::new();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
    {
        attribute
            .parse_nested_meta(|meta| {
                let name = meta.path.get_ident().unwrap().to_string();
                let value = match meta.value() {
                    Ok(value) => value.parse::<syn::LitStr>()?.value(),
                    Err(_) => String::new(),
                };
                words.insert(name, value);
                Ok(())
            })
            .unwrap();
    }
    words
}

/// The names of all public functions of a type and of all methods of a trait, as in `Engine::scale`.
pub(crate) fn functions(places: &[&str], of: &str) -> Vec<String> {
    let mut names = Vec::new();
    for item in places.iter().flat_map(|place| items(place)) {
        match item {
            Item::Impl(block) if block.trait_.is_none() && last_word(&block.self_ty) == of => {
                names.extend(block.items.iter().filter_map(|item| match item {
                    ImplItem::Fn(function) if matches!(function.vis, Visibility::Public(_)) => {
                        Some(function.sig.ident.to_string())
                    }
                    _ => None,
                }));
            }
            Item::Trait(definition) if definition.ident == of => {
                names.extend(definition.items.iter().filter_map(|item| match item {
                    TraitItem::Fn(function) => Some(function.sig.ident.to_string()),
                    _ => None,
                }));
            }
            _ => {}
        }
    }
    names
        .into_iter()
        .map(|name| format!("{of}::{name}"))
        .collect()
}

fn last_word(path: &syn::Type) -> String {
    match path {
        syn::Type::Path(path) => path.path.segments.last().unwrap().ident.to_string(),
        _ => String::new(),
    }
}
