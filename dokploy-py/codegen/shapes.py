"""Writes the modules of the shapes."""

from __future__ import annotations

import textwrap
from typing import Any

from types_of import fetch, given, keep, read, snake, split, taken, words

#: Which module has which shapes; a module imports only those above it. Ids and enumerations are in `names`.
MODULES: dict[str, tuple[str, list[str]]] = {
    "specification": (
        "What a person says about an application.",
        [
            "SealedSecret",
            "EnvValue",
            "CommandLine",
            "EnvVar",
            "Port",
            "Volume",
            "Tmpfs",
            "Domain",
            "GitSource",
            "HealthCheck",
            "RestartPolicy",
            "UpdatePolicy",
            "Deadlines",
            "ApplicationSpec",
        ],
    ),
    "credentials": (
        "Credentials for git hosts and registries, and the three kinds of secret that they may have.",
        ["Credential", "CredentialSecret"],
    ),
    "sources": ("Where code comes from.", ["Revision", "Source", "SourceCredential", "SourceRequest"]),
    "outputs": ("What the steps of a deployment find or make.", ["StepOutput"]),
    "events": ("What happens to a deployment, one class for each kind.", ["Failure", "TaskView", "Event"]),
    "records": (
        "What is stored, and what the engine says about what runs.",
        [
            "PushRef",
            "Project",
            "Application",
            "StepRecord",
            "DeploymentState",
            "DeploymentRequest",
            "Deployment",
            "Release",
            "Database",
            "DatabaseConnection",
            "WebhookAnswer",
            "Change",
            "Plan",
            "LogLine",
            "QueueStats",
            "RuntimeInfo",
            "TaskStats",
            "ServiceStats",
            "ServiceLogLine",
            "Violation",
        ],
    ),
}

HEADER = '"""{doc}"""\n\n# Made by dokploy-py/codegen of tests/parity/*.json; changes here are lost.\n\nfrom __future__ import annotations\n\n'

#: Fields that say nothing to people.
HIDDEN = {"SealedSecret": {"sealed"}}


def names_module(shapes: dict[str, Any]) -> str:
    """Ids and enumerations: texts, with their values where they are known."""
    lines = [
        HEADER.format(doc="Names: ids, and texts of which there are only a few."),
        "from typing import Literal\n\n",
    ]
    names = []
    for name, shape in shapes.items():
        if shape["kind"] == "id":
            names.append(name)
            lines.append(f"{name} = str\n{docstring(shape['doc'], '')}\n")
        elif shape["kind"] == "enum":
            names.append(name)
            values = ", ".join(f'"{value["value"]}"' for value in shape["values"])
            meaning = "\n".join(f"- `{value['value']}`: {value['doc']}" for value in shape["values"])
            lines.append(f"{name} = Literal[{values}]\n{docstring(shape['doc'] + chr(10) * 2 + meaning, '')}\n")
    lines.append(exported(names))
    return "".join(lines)


def shape_module(module: str, shapes: dict[str, Any]) -> str:
    """One module of records and unions."""
    doc, names = MODULES[module]
    body: list[str] = []
    exports: list[str] = []
    used: set[str] = set()
    for name in names:
        shape = shapes[name]
        exports.append(name)
        if shape["kind"] == "record":
            body.append(record(name, shape["doc"], shape["fields"], shapes))
        elif shape["kind"] == "either":
            body.append(either(name, shape))
            exports.append(f"read_{snake(name)}")
        else:
            body.append(union(name, shape, shapes))
            exports.extend(variant["name"] for variant in shape["variants"])
        used |= used_in(shape)
    header = HEADER.format(doc=doc) + imports(module, used - set(names), "\n".join(body), shapes)
    return header + "\n\n".join(body) + "\n" + exported([name for name in exports if not name.startswith("read_")])


def used_in(shape: dict[str, Any]) -> set[str]:
    fields = list(shape.get("fields", []))
    for variant in shape.get("variants", []):
        fields += variant.get("fields", [])
    found: set[str] = set()
    for field in fields:
        found |= words(field["type"])
    for kind in shape.get("types", []):
        found |= words(kind)
    return found


def imports(module: str, used: set[str], body: str, shapes: dict[str, Any]) -> str:
    lines = []
    abstract = [name for name in ("Mapping", "Sequence") if name in body]
    if abstract:
        lines.append(f"from collections.abc import {', '.join(abstract)}\n")
    if "datetime" in body:
        lines.append("from datetime import datetime\n")
    typing = [name for name in ("Any", "ClassVar", "Union") if name in body]
    lines.append(f"from typing import {', '.join(typing)}\n\n")
    by_hand = [name for name in ("Secret", "Shape", "fill", "make", "maybe", "read_time") if name in body]
    lines.append(f"from ._shape import {', '.join(by_hand)}\n")
    plain = sorted(name for name in used if shapes.get(name, {}).get("kind") in ("id", "enum"))
    if plain:
        lines.append(f"from .names import {', '.join(plain)}\n")
    for other, (_, names) in MODULES.items():
        needed = sorted(used & set(names))
        needed += sorted(f"read_{snake(name)}" for name in needed if f"read_{snake(name)}" in body)
        if needed and other != module:
            lines.append(f"from .{other} import {', '.join(needed)}\n")
    return "".join(lines) + "\n\n"


def record(
    name: str,
    doc: str,
    fields: list[dict[str, Any]],
    shapes: dict[str, Any],
    base: str = "Shape",
    constants: dict[str, str] | None = None,
) -> str:
    lines = [f"class {name}({base}):\n", docstring(doc, "    "), "\n"]
    for field in fields:
        lines.append(f"    {field['name']}: {given(field['type'])}\n{docstring(field['doc'], '    ')}")
    wire = ", ".join(f'"{field["name"]}": "{field["wire"]}"' for field in fields)
    lines.append(f"\n    _WIRE: ClassVar[Mapping[str, str]] = {{{wire}}}\n")
    defaults = [field for field in fields if "default" in field and field["default"] is not None]
    if defaults:
        values = ", ".join(f'"{field["name"]}": {default(field)}' for field in defaults)
        lines.append(f"    _DEFAULTS: ClassVar[Mapping[str, Any]] = {{{values}}}\n")
    secrets = [field["name"] for field in fields if field["type"] in ("Secret", "Secret?")]
    if secrets:
        lines.append(f"    _SECRETS: ClassVar[frozenset[str]] = frozenset({secrets})\n")
    if name in HIDDEN:
        lines.append(f"    _HIDDEN: ClassVar[frozenset[str]] = frozenset({sorted(HIDDEN[name])})\n")
    for constant, value in (constants or {}).items():
        lines.append(f"    {constant} = {value}\n")
    lines.append(constructor(fields))
    items = ", ".join(f'"{field["name"]}": {read(field["type"], fetch(field), shapes)}' for field in fields)
    lines.append(
        "\n    @classmethod\n"
        f"    def from_dict(cls, data: Mapping[str, Any]) -> {name}:\n"
        f"        return make({name}, {{{items}}})\n"
    )
    return "".join(lines)


def constructor(fields: list[dict[str, Any]]) -> str:
    if not fields:
        return ""
    required = [field for field in fields if "default" not in field]
    optional = [field for field in fields if "default" in field]
    arguments = [f"{field['name']}: {taken(field['type'])}" for field in required]
    if optional:
        arguments.append("*")
        arguments += [f"{field['name']}: {taken(field['type'])} = {default(field)}" for field in optional]
    items = ", ".join(f'"{field["name"]}": {keep(field["type"], field["name"])}' for field in fields)
    return f"\n    def __init__(self, {', '.join(arguments)}) -> None:\n        fill(self, {{{items}}})\n"


def default(field: dict[str, Any]) -> str:
    form, _ = split(field["type"])
    value = field["default"]
    if form == "list":
        return "()"
    if form == "map":
        return "{}"
    if isinstance(value, dict):
        return f"{field['type']}()"
    return repr(value) if not isinstance(value, str) else f'"{value}"'


def either(name: str, shape: dict[str, Any]) -> str:
    kinds = ", ".join(taken(kind) if "[]" in kind else given(kind) for kind in shape["types"])
    by_hand = {
        "EnvValue": (
            "    if isinstance(value, str):\n        return value\n"
            '    return Secret(value["secret"]) if "secret" in value else SealedSecret.from_dict(value)\n'
        ),
        "CommandLine": "    return value if isinstance(value, str) else tuple(value)\n",
    }
    return (
        f"{name} = Union[{kinds}]\n{docstring(shape['doc'], '')}\n\n"
        f"def read_{snake(name)}(value: Any) -> {name}:\n{by_hand[name]}"
    )


def union(name: str, shape: dict[str, Any], shapes: dict[str, Any]) -> str:
    wrapped = shape["kind"] == "wrapped"
    common = shape.get("fields", [])
    tag = shape.get("tag")
    table = f"_{snake(name).upper()}"
    lines = [f"class {name}(Shape):\n", docstring(shape["doc"], "    "), "\n"]
    for field in common:
        lines.append(f"    {field['name']}: {given(field['type'])}\n{docstring(field['doc'], '    ')}")
    if tag:
        lines.append(f'    {tag}: ClassVar[str]\n    """What tells them apart."""\n')
    find = (
        f"        ((kind, fields),) = data.items()\n        return {table}[kind].from_dict(fields)\n"
        if wrapped
        else f'        return {table}[data["{tag}"]].from_dict(data)\n'
    )
    lines.append(f"\n    @classmethod\n    def from_dict(cls, data: Mapping[str, Any]) -> {name}:\n{find}\n")
    for variant in shape["variants"]:
        value = variant["value"]
        constants = {"_WRAPPED": f'"{value}"'} if wrapped else {tag: f'"{value}"', "_TAG": f'{{"{tag}": "{value}"}}'}
        constants = {
            "_WRAPPED: ClassVar[str | None]"
            if key == "_WRAPPED"
            else "_TAG: ClassVar[Mapping[str, str]]"
            if key == "_TAG"
            else f"{key}: ClassVar[str]": text
            for key, text in constants.items()
        }
        fields = common + variant.get("fields", [])
        if wrapped:
            fields = [{**field, "default": None} if field["type"].endswith("?") else field for field in fields]
        lines.append("\n\n" + record(variant["name"], variant["doc"], fields, shapes, name, constants))
    items = ", ".join(f'"{variant["value"]}": {variant["name"]}' for variant in shape["variants"])
    lines.append(f"\n\n{table}: Mapping[str, type[{name}]] = {{{items}}}\n")
    return "".join(lines)


def docstring(text: str, indent: str) -> str:
    text = text.replace("\\", "\\\\").replace('"""', "'''").replace("[`", "`").replace("`]", "`").replace("::", ".")
    if "\n" not in text and len(text) + len(indent) < 112:
        return f'{indent}"""{text}"""\n'
    paragraphs = []
    for paragraph in text.split("\n\n"):
        parts = paragraph.split("\n") if paragraph.startswith("- ") else [paragraph]
        wrapped = [
            textwrap.fill(
                part, 112, initial_indent=indent, subsequent_indent=indent + ("  " if part.startswith("- ") else "")
            )
            for part in parts
        ]
        paragraphs.append("\n".join(wrapped))
    body = "\n\n".join(paragraphs)
    return f'{indent}"""{body.removeprefix(indent)}\n{indent}"""\n'


def exported(names: list[str]) -> str:
    items = "".join(f'    "{name}",\n' for name in sorted(names))
    return f"\n\n__all__ = [\n{items}]\n"
