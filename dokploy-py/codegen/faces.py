"""Writes the two faces of the package: the asynchronous one and the one that waits."""

from __future__ import annotations

from typing import Any

from shapes import HEADER, MODULES, docstring
from types_of import given, split, words

ASYNC = {
    "doc": "The engine for asyncio.",
    "def": "async def",
    "wait": "await {}",
    "stream": "AsyncStream",
    "enter": "__aenter__",
    "exit": "__aexit__",
}
SYNC = {
    "doc": "The engine for programs without asyncio: the same calls, each of which waits for its answer.\n\nWaiting holds up only the thread that waits, and Ctrl-C ends it.",
    "def": "def",
    "wait": "{}.result()",
    "stream": "Stream",
    "enter": "__enter__",
    "exit": "__exit__",
}

#: What a caller may hand in for a type, where that is more than the type itself.
TAKEN = {
    "ApplicationSpec": "ApplicationSpec | Mapping[str, Any]",
    "CredentialSecret": "CredentialSecret | Mapping[str, Any]",
    "Timestamp": "datetime | str",
    "SourceFetcher": "SourceFetcher",
    "EventSink": "EventSink",
}

#: How an option that names a file is taken.
PATHS = {"data_dir", "docker_cert_path", "secret_key_file"}


def face_module(table: dict[str, Any], shapes: dict[str, Any], style: dict[str, str]) -> str:
    body = [
        NEW_DATABASE,
        handle_class([op for op in table["operations"] if op["on"] == "DeploymentHandle"], shapes, style),
        engine_class(table, shapes, style),
    ]
    text = "\n\n".join(body)
    return HEADER.format(doc=style["doc"]) + imports(text, table, shapes, style) + text + EXPORTS


EXPORTS = '\n\n__all__ = [\n    "DeploymentHandle",\n    "Engine",\n    "NewDatabase",\n]\n'

#: Two answers at once: what was made, and the deployment that makes it run.
NEW_DATABASE = '''class NewDatabase(NamedTuple):
    """A database that was made, and its first deployment."""

    database: Database
    """The database."""
    deployment: DeploymentHandle
    """The deployment that begins to run it."""


def new_database(answer: tuple[str, _dokploy.DeploymentHandle]) -> NewDatabase:
    """Reads both answers."""
    return NewDatabase(shape_of(Database.from_dict, answer[0]), DeploymentHandle(answer[1]))
'''


def imports(text: str, table: dict[str, Any], shapes: dict[str, Any], style: dict[str, str]) -> str:
    lines = ["import os\n", "from collections.abc import Mapping, Sequence\n", "from datetime import datetime\n"]
    lines.append("from types import TracebackType\nfrom typing import Any, NamedTuple\n\nfrom . import _dokploy\n")
    border = [
        "Identified",
        "Opening",
        "id_of",
        "json_of",
        "kept_of",
        "maybe_id_of",
        "maybe_shape_of",
        "options_of",
        "page_of",
        "secret_of",
        "shape_of",
        "time_of",
    ]
    lines.append(f"from ._border import {', '.join(name for name in border if name in text)}\n")
    lines.append("from ._parts import EventSink, SourceFetcher, sink_part, source_part\n")
    lines.append(
        f"from ._shape import UNCHANGED, Page, Secret, Unchanged, maybe\nfrom ._streams import {style['stream']}\n"
    )
    used: set[str] = {"DeploymentRequest"}
    for op in table["operations"]:
        used |= words(op["returns"] or "")
        for argument in op["args"]:
            used |= words(argument["type"])
    for field in shapes["DeploymentRequest"]["fields"]:
        used |= words(field["type"])
    names = sorted(
        name
        for name in used
        if shapes.get(name, {}).get("kind") == "enum"
        or (shapes.get(name, {}).get("kind") == "id" and f"-> {name}" in text)
    )
    lines.append(f"from .names import {', '.join(names)}\n")
    for module, (_, members) in MODULES.items():
        needed = sorted(used & set(members))
        if needed:
            lines.append(f"from .{module} import {', '.join(needed)}\n")
    return "".join(lines) + "\n\n"


def handle_class(operations: list[dict[str, Any]], shapes: dict[str, Any], style: dict[str, str]) -> str:
    lines = [
        "class DeploymentHandle:\n",
        '    """A deployment that was accepted, and the engine that knows it. Dropping it stops nothing."""\n\n',
        '    __slots__ = ("_native",)\n\n',
        "    def __init__(self, native: _dokploy.DeploymentHandle) -> None:\n        self._native = native\n\n",
        '    def __repr__(self) -> str:\n        return f"<DeploymentHandle {self.id}>"\n',
    ]
    lines += [method(op, shapes, style) for op in operations]
    return "".join(lines)


def engine_class(table: dict[str, Any], shapes: dict[str, Any], style: dict[str, str]) -> str:
    lines = [
        "class Engine:\n",
        '    """A deployment engine in this process. Open one with `Engine.open`."""\n\n',
        '    __slots__ = ("_native",)\n\n',
        "    def __init__(self, native: _dokploy.Engine) -> None:\n        self._native = native\n\n",
        '    def __repr__(self) -> str:\n        return f"<Engine {self.worker}>"\n\n',
        f"    {style['def']} {style['enter']}(self) -> Engine:\n        return self\n\n",
        f"    {style['def']} {style['exit']}(\n        self,\n        kind: type[BaseException] | None,\n"
        "        error: BaseException | None,\n        trace: TracebackType | None,\n    ) -> None:\n"
        f"        {style['wait'].format('self.close()') if style is ASYNC else 'self.close()'}\n",
    ]
    for op in table["operations"]:
        if op["on"] != "Engine":
            continue
        lines.append(opener(op, table, style) if op["kind"] == "open" else method(op, shapes, style))
    return "".join(lines)


def opener(op: dict[str, Any], table: dict[str, Any], style: dict[str, str]) -> str:
    options = table["open_options"]
    if op["name"] == "migrate":
        options = [option for option in options if option["name"] not in ("source", "event_sink")]
    arguments = ", ".join(f"{option['name']}: {option_type(option)} = {option_default(option)}" for option in options)
    meaning = "\n".join(f"- `{option['name']}`: {option['doc']}" for option in options)
    doc = docstring(f"{op['doc']}\n\n{meaning}\n\nRaises {errors(op)}.", "        ")
    plain = [option["name"] for option in options if option["name"] not in ("source", "event_sink")]
    items = ", ".join(f'"{name}": {name}' for name in plain)
    lines = ["\n    @classmethod\n"]
    if op["name"] == "migrate":
        lines.append(
            f"    {style['def']} migrate(cls, *, {arguments}) -> None:\n{doc}        options = options_of({{{items}}})\n"
        )
        lines.append(f"        {style['wait'].format('_dokploy.Engine.migrate(options)')}\n")
        return "".join(lines)
    returned = "Opening[Engine]" if style is ASYNC else "Engine"
    lines.append(f"    def open(cls, *, {arguments}) -> {returned}:\n{doc}        options = options_of({{{items}}})\n")
    parts = (
        "source_part(source) if source is not None else None",
        "sink_part(event_sink) if event_sink is not None else None",
    )
    native = f"_dokploy.Engine.open(options, {parts[0]}, {parts[1]})"
    if style is ASYNC:
        lines.append(
            f"\n        async def opened() -> Engine:\n            return cls(await {native})\n\n        return Opening(opened)\n"
        )
    else:
        lines.append(f"        return cls({native}.result())\n")
    return "".join(lines)


def option_type(option: dict[str, Any]) -> str:
    kind = option["type"]
    optional = kind.endswith("?")
    base = kind.removesuffix("?")
    if option["name"] in PATHS:
        text = "str | os.PathLike[str]"
    elif base == "Secret":
        text = "Secret | str"
    elif base == "string[]":
        text = "Sequence[str]"
    else:
        text = TAKEN.get(base, given(base))
    return f"{text} | None" if optional else text


def option_default(option: dict[str, Any]) -> str:
    default = option["default"]
    if default == []:
        return "()"
    return f'"{default}"' if isinstance(default, str) else repr(default)


def method(op: dict[str, Any], shapes: dict[str, Any], style: dict[str, str]) -> str:
    required, optional, passed = arguments(op, shapes)
    taken = ["self", *required] + (["*", *optional] if optional else [])
    doc = docstring(op["doc"] + (f"\n\nRaises {errors(op)}." if op["errors"] else ""), "        ")
    native = f"self._native.{op['name']}({', '.join(passed)})"
    if op["kind"] == "value":
        if not op["args"]:
            return (
                f"\n    @property\n    def {op['name']}(self) -> {op['returns']}:\n{doc}"
                f"        return self._native.{op['name']}\n"
            )
        return f"\n    def {op['name']}({', '.join(taken)}) -> {op['returns']}:\n{doc}        return {op['returns']}({native})\n"
    if op["kind"] == "stream":
        item = op["returns"]
        return (
            f"\n    def {op['name']}({', '.join(taken)}) -> {style['stream']}[{item}]:\n{doc}"
            f"        return {style['stream']}({native}, {item}.from_dict)\n"
        )
    answer = style["wait"].format(native)
    returned, expression = returning(op["returns"], answer)
    keyword = "" if op["returns"] is None else "return "
    return f"\n    {style['def']} {op['name']}({', '.join(taken)}) -> {returned}:\n{doc}        {keyword}{expression}\n"


def returning(kind: str | None, answer: str) -> tuple[str, str]:
    if kind is None:
        return "None", answer
    if kind == "DeploymentHandle":
        return kind, f"DeploymentHandle({answer})"
    if kind == "NewDatabase":
        return kind, f"new_database({answer})"
    if kind == "string":
        return "str", f"str({answer})"
    if kind == "Secret?":
        return "Secret | None", f"maybe(Secret, {answer})"
    form, parts = split(kind)
    function = {"optional": "maybe_shape_of", "page": "page_of"}.get(form, "shape_of")
    return given(kind), f"{function}({parts[0]}.from_dict, {answer})"


def arguments(op: dict[str, Any], shapes: dict[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """Arguments without and with a default as Python takes them, and as they are passed on, in the order of the table."""
    required, optional, passed = [], [], []
    for argument in op["args"]:
        name, kind = argument["name"], argument["type"]
        if kind == "DeploymentRequest":
            # What a push was is said by a webhook alone.
            fields = [field for field in shapes[kind]["fields"] if field["name"] != "push"]
            for field in fields:
                default = field["default"]
                text = f'"{default}"' if isinstance(default, str) else repr(default)
                optional.append(f"{field['name']}: {given(field['type'])} = {text}")
            items = ", ".join(f"{field['name']}={field['name']}" for field in fields)
            passed.append(f"json_of(DeploymentRequest({items}))")
            continue
        base = kind.removesuffix("?")
        is_optional = kind.endswith("?")
        if shapes.get(base, {}).get("kind") == "id":
            text, expression = "Identified", f"{'maybe_' if is_optional else ''}id_of({name})"
        elif base in ("ApplicationSpec", "CredentialSecret"):
            text, expression = TAKEN[base], f"json_of({name})"
        elif base == "Timestamp":
            text, expression = TAKEN[base], f"time_of({name})"
        elif base == "Secret":
            text, expression = "Secret | str", f"secret_of({name})"
        elif base.startswith("Kept<"):
            text, expression = given(base), f"kept_of({name})"
        elif base.startswith("Map<"):
            text, expression = given(base), f"dict({name})"
        else:
            text, expression = given(base), name
        text += " | None" if is_optional else ""
        if "default" in argument:
            default = argument["default"]
            if base.startswith("Kept<"):
                text += " = UNCHANGED"
            else:
                text += f' = "{default}"' if isinstance(default, str) else f" = {default!r}"
            optional.append(f"{name}: {text}")
        else:
            required.append(f"{name}: {text}")
        passed.append(expression)
    return required, optional, passed


def errors(op: dict[str, Any]) -> str:
    names = ["".join(word.capitalize() for word in code.split("_")) for code in op["errors"]]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]
