"""Types of `tests/parity/*.json` as Python writes, reads and takes them."""

from __future__ import annotations

import re
from typing import Any

PLAIN = {"bytes": "bytes", "string": "str", "integer": "int", "number": "float", "boolean": "bool", "seconds": "float"}

#: Types that are written by hand, and where.
BY_HAND = {"Secret": "_shape", "Timestamp": None, "Page": "_shape"}


def split(kind: str) -> tuple[str, tuple[str, ...]]:
    """`Port[]?` is an optional of `Port[]`; `Map<string, Port>` a map of two types."""
    if kind.endswith("?"):
        return "optional", (kind[:-1],)
    if kind.endswith("[]"):
        return "list", (kind[:-2],)
    if found := re.fullmatch(r"Kept<(\w+)>", kind):
        return "kept", found.groups()
    if found := re.fullmatch(r"Map<(\w+), (.+)>", kind):
        return "map", found.groups()
    if found := re.fullmatch(r"Page<(\w+)>", kind):
        return "page", found.groups()
    return "name", (kind,)


def words(kind: str) -> set[str]:
    """The names of the shapes in a type."""
    return set(re.findall(r"[A-Z]\w+", kind)) - {"Kept", "Map"}


def given(kind: str) -> str:
    """The type of what the engine gives."""
    form, parts = split(kind)
    if form == "optional":
        return f"{given(parts[0])} | None"
    if form == "kept":
        return f"{given(parts[0])} | Unchanged | None"
    if form == "list":
        return f"tuple[{given(parts[0])}, ...]"
    if form == "map":
        return f"Mapping[{given(parts[0])}, {given(parts[1])}]"
    if form == "page":
        return f"Page[{given(parts[0])}]"
    return PLAIN.get(kind, "datetime" if kind == "Timestamp" else kind)


def taken(kind: str) -> str:
    """The type of what a caller may hand in: any sequence, and a text for a secret."""
    form, parts = split(kind)
    if form == "optional":
        return f"{taken(parts[0])} | None"
    if form == "list":
        return f"Sequence[{taken(parts[0])}]"
    if form == "map":
        return f"Mapping[{taken(parts[0])}, {taken(parts[1])}]"
    if kind == "Secret":
        return "Secret | str"
    return given(kind)


def keep(kind: str, value: str) -> str:
    """The expression that makes what is kept of what was handed in."""
    form, parts = split(kind)
    if form == "optional":
        inner = keep(parts[0], value)
        return value if inner == value else f"None if {value} is None else {inner}"
    if form == "list":
        return f"tuple({value})"
    if form == "map":
        return f"dict({value})"
    if kind == "Secret":
        return f"{value} if isinstance({value}, Secret) else Secret({value})"
    if kind == "CommandLine":
        return f"{value} if isinstance({value}, str) else tuple({value})"
    return value


def reader(kind: str, shapes: dict[str, Any]) -> str | None:
    """The function that reads one value, or nothing where it is taken as it is."""
    form, parts = split(kind)
    if form == "optional":
        return reader(parts[0], shapes)
    if form != "name":
        value = read(kind, "value", shapes)
        return f"lambda value: {value}"
    if kind == "Timestamp":
        return "read_time"
    if kind == "Secret":
        return "Secret"
    shape = shapes.get(kind)
    if shape is None or shape["kind"] in ("id", "enum"):
        return None
    if shape["kind"] == "either":
        return f"read_{snake(kind)}"
    return f"{kind}.from_dict"


def read(kind: str, value: str, shapes: dict[str, Any]) -> str:
    """The expression that reads a value out of plain data."""
    form, parts = split(kind)
    if form == "optional":
        inner = reader(parts[0], shapes)
        return value if inner is None else f"maybe({inner}, {value})"
    if form == "list":
        inner = reader(parts[0], shapes)
        return f"tuple({value})" if inner is None else f"tuple(map({inner}, {value}))"
    if form == "map":
        inner = reader(parts[1], shapes)
        if inner is None:
            return f"dict({value})"
        return f"{{key: {inner}(item) for key, item in {value}.items()}}"
    inner = reader(kind, shapes)
    return value if inner is None else f"{inner}({value})"


def fetch(field: dict[str, Any]) -> str:
    """The expression that finds a field in plain data. What may be left out is not there."""
    form, _ = split(field["type"])
    wire = field["wire"]
    if form == "optional":
        return f'data.get("{wire}")'
    if form == "list":
        return f'data.get("{wire}", ())'
    if form == "map":
        return f'data.get("{wire}", {{}})'
    return f'data["{wire}"]'


def snake(name: str) -> str:
    """`EnvValue` is `env_value`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
