//! Rules of where the code comes from and how it is built.

use std::path::{Component, Path};

use super::syntax::{
    git_url_flaw, is_git_reference, is_image_reference, is_object_name, is_of, is_registry,
    is_relative_path, is_variable,
};
use super::{REFERENCE_EXPECTED, Rules, environment};
use crate::model::limits::{
    CPU_MAX, CPU_MIN, ENTRIES_MAX, KEY_LEN_MAX, MEMORY_MIB_MAX, MEMORY_MIB_MIN, VALUE_LEN_MAX,
};
use crate::model::{ApplicationSpec, GitSource};

pub(super) fn check(spec: &ApplicationSpec, rules: &mut Rules) {
    if let Err(error) = spec.source() {
        rules.0.extend_from_slice(error.violations());
    }
    if let Some(git) = &spec.git_source {
        check_git(git, rules);
    }
    if let Some(image) = &spec.image {
        rules.require(
            is_image_reference(image),
            "image",
            "is not the reference of an image",
        );
    }
    if let Some(path) = &spec.directory {
        rules.require(
            is_local(path),
            "directory",
            "is not an absolute path without `..`",
        );
    }
    if let Some(path) = &spec.archive {
        rules.require(
            is_local(path),
            "archive",
            "is not an absolute path without `..`",
        );
    }
    if let Some(registry) = &spec.registry {
        let expected = "is not a registry with an optional path, as in registry.example.com/team";
        rules.require(is_registry(registry), "registry", expected);
    }
    check_build(spec, rules);
}

fn check_git(git: &GitSource, rules: &mut Rules) {
    if let Some(flaw) = git_url_flaw(&git.repo_url) {
        rules.refuse("gitSource.repoUrl", flaw);
    }
    if let Some(branch) = &git.branch {
        rules.require(
            is_git_reference(branch),
            "gitSource.branch",
            REFERENCE_EXPECTED,
        );
    }
    rules.count("gitSource.watchPaths", git.watch_paths.len());
    for (index, pattern) in git.watch_paths.iter().enumerate().take(ENTRIES_MAX) {
        let field = format!("gitSource.watchPaths[{index}]");
        rules.require(
            is_relative_path(pattern),
            field,
            "is not a pattern of relative paths",
        );
    }
}

fn check_build(spec: &ApplicationSpec, rules: &mut Rules) {
    let expected = "is not a relative path within the source";
    rules.require(is_relative_path(&spec.dockerfile), "dockerfile", expected);
    rules.require(is_relative_path(&spec.context), "context", expected);
    if let Some(target) = &spec.target {
        rules.require(
            is_object_name(target),
            "target",
            "is not the name of a build stage",
        );
    }
    rules.count("buildArgs", spec.build_args.len());
    for (key, value) in spec.build_args.iter().take(ENTRIES_MAX) {
        let is_name = is_variable(key) && key.len() <= KEY_LEN_MAX;
        rules.require(
            is_name,
            "buildArgs",
            "has a name that is not letters, digits and underscores",
        );
        let is_value = value.len() <= VALUE_LEN_MAX && !value.contains('\0');
        rules.require(
            is_value || !is_name,
            format!("buildArgs.{key}"),
            "is longer than 64 KiB or holds a zero byte",
        );
    }
    rules.count("buildSecrets", spec.build_secrets.len());
    for (id, value) in spec.build_secrets.iter().take(ENTRIES_MAX) {
        let is_id = is_of(id, "_.-") && id.len() <= KEY_LEN_MAX && !id.starts_with('.');
        rules.require(
            is_id,
            "buildSecrets",
            "has an id that is not letters, digits, `_`, `.` and `-`",
        );
        if is_id {
            environment::check_value(&format!("buildSecrets.{id}"), value, rules);
        }
    }
    if let Some(memory) = spec.build_memory_limit {
        let is_possible = (MEMORY_MIB_MIN..=MEMORY_MIB_MAX).contains(&memory);
        rules.require(
            is_possible,
            "buildMemoryLimit",
            "is less than 6 MiB or more than 1 PiB",
        );
    }
    if let Some(cores) = spec.build_cpu_limit {
        let is_possible = (CPU_MIN..=CPU_MAX).contains(&cores);
        rules.require(
            is_possible,
            "buildCpuLimit",
            "is not between 0.01 and 10000 cores",
        );
    }
}

fn is_local(path: &Path) -> bool {
    path.is_absolute()
        && !path.components().any(|part| part == Component::ParentDir)
        && !path.to_string_lossy().contains('\0')
}
