//! Which modules of a crate import which, computed from `use` and from paths. A re-export is followed to the module
//! that defines the item. Tests are left out, since they may import whatever they test.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use syn::{
    Attribute, Item, ItemUse, Macro, UseTree, Visibility,
    visit::{self, Visit},
};

type Name = Vec<String>;

/// What a file names of other modules.
#[derive(Default)]
struct Module {
    /// The paths of its `use` items.
    uses: Vec<Name>,
    /// The paths in its code.
    paths: Vec<Name>,
}

/// The circles of a crate: each line has a module and one that it imports, which imports it in turn, by any way.
pub(super) fn circles(source: &Path) -> Vec<String> {
    let mut modules = BTreeMap::new();
    collect(source, &Name::new(), &mut modules);
    assert!(modules.len() > 5, "{}", source.display());
    let edges: BTreeMap<&Name, BTreeSet<Name>> =
        modules.iter().map(|(name, module)| (name, imported(name, module, &modules))).collect();
    let reaches = |from: &Name, to: &Name| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(name) = next.pop() {
            for name in edges.get(&name).into_iter().flatten() {
                if seen.insert(name.clone()) {
                    next.push(name.clone());
                }
            }
        }
        seen.contains(to)
    };
    let mut found = Vec::new();
    for (name, imports) in &edges {
        for import in imports.iter().filter(|import| reaches(import, name)) {
            found.push(format!("{} imports {}, which leads back to it", name.join("::"), import.join("::")));
        }
    }
    found
}

/// Reads the modules of a folder. The root of the crate is the module without a name.
fn collect(folder: &Path, parent: &Name, modules: &mut BTreeMap<Name, Module>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let child = || [parent.as_slice(), std::slice::from_ref(&stem)].concat();
        if path.is_dir() {
            collect(&path, &child(), modules);
        } else if path.extension().is_some_and(|extension| extension == "rs") && stem != "main" {
            let name = if ["lib", "mod"].contains(&stem.as_str()) { parent.clone() } else { child() };
            let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            let mut module = Module::default();
            module.visit_file(&file);
            modules.insert(name, module);
        }
    }
    // A file whose `mod` item is for tests alone.
    modules.retain(|name, _| name.last().is_none_or(|last| last != "tests"));
}

/// The modules that a module imports from, without the root of the crate.
fn imported(name: &Name, module: &Module, modules: &BTreeMap<Name, Module>) -> BTreeSet<Name> {
    let mut imports = BTreeSet::new();
    for path in module.uses.iter().chain(&module.paths) {
        if let Some(path) = absolute(name, module, path, modules)
            && let Some(owner) = owner(&path, modules, 8)
            && owner != *name
            && !owner.is_empty()
        {
            imports.insert(owner);
        }
    }
    imports
}

/// A path from the root of the crate; `None` for one of another crate, or of an item of this module.
fn absolute(name: &Name, module: &Module, path: &Name, modules: &BTreeMap<Name, Module>) -> Option<Name> {
    let (first, rest) = path.split_first()?;
    let child = [name.as_slice(), std::slice::from_ref(first)].concat();
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some([name.as_slice(), rest].concat()),
        "super" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            Some([&name[..name.len().saturating_sub(ups)], &path[ups..]].concat())
        }
        _ if modules.contains_key(&child) => Some([name.as_slice(), path].concat()),
        // A module that is imported by its name.
        _ if !rest.is_empty() => {
            let import = module.uses.iter().find(|import| import.last() == Some(first) && *import != path)?;
            let import = absolute(name, module, import, modules)?;
            modules.contains_key(&import).then(|| [import.as_slice(), rest].concat())
        }
        _ => None,
    }
}

/// The module that defines an item. Follows as many re-exports as `depth`.
fn owner(path: &Name, modules: &BTreeMap<Name, Module>, depth: usize) -> Option<Name> {
    let length = (0..=path.len()).rev().find(|&length| modules.contains_key(&path[..length]))?;
    let (name, rest) = (path[..length].to_vec(), &path[length..]);
    if let (Some(item), Some(depth)) = (rest.first(), depth.checked_sub(1)) {
        let module = &modules[&name];
        let follow = |import: &Name| absolute(&name, module, import, modules).filter(|target| target != path);
        let target = module.uses.iter().filter(|import| import.last() == Some(item)).find_map(follow);
        if let Some(found) = target.and_then(|target| owner(&target, modules, depth)) {
            return Some(found);
        }
    }
    Some(name)
}

impl<'a> Visit<'a> for Module {
    #[expect(clippy::wildcard_enum_match_arm, reason = "syn may add kinds of items at any time")]
    fn visit_item(&mut self, item: &'a Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !attributes.iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        leaves(&item.tree, &Name::new(), &mut self.uses);
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        self.paths.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'a Visibility) {
        // `pub(super)` imports nothing.
    }

    fn visit_macro(&mut self, _: &'a Macro) {
        // What is in a macro's tokens is imported by `use`.
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    let meta = attribute.meta.require_list();
    meta.is_ok_and(|list| list.path.is_ident("cfg") && list.tokens.to_string().contains("test"))
}

/// The paths of a `use` item.
fn leaves(tree: &UseTree, before: &Name, found: &mut Vec<Name>) {
    let with = |name: &syn::Ident| [before.as_slice(), &[name.to_string()]].concat();
    match tree {
        UseTree::Path(path) => leaves(&path.tree, &with(&path.ident), found),
        UseTree::Name(name) if name.ident == "self" => found.push(before.clone()),
        UseTree::Name(name) => found.push(with(&name.ident)),
        UseTree::Rename(rename) => found.push(with(&rename.ident)),
        UseTree::Glob(_) => found.push(before.clone()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, before, found)),
    }
}
