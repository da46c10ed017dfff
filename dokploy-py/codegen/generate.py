"""Makes the generated modules of the package of `tests/parity/*.json`: `python dokploy-py/codegen`.

With `--check` it changes nothing, names what is out of date and fails.
"""

from __future__ import annotations

import json
import keyword
import subprocess
import sys
from pathlib import Path
from typing import Any

import errors_module
import faces
import shapes as shape_modules

HERE = Path(__file__).resolve().parent
PARITY = HERE.parent.parent / "tests" / "parity"
PACKAGE = HERE.parent / "python" / "dokploy"


def main() -> int:
    shapes = json.loads((PARITY / "shapes.json").read_text(encoding="utf-8"))
    table = json.loads((PARITY / "operations.json").read_text(encoding="utf-8"))
    for shape in shapes.values():
        for fields in [shape.get("fields", []), *(variant.get("fields", []) for variant in shape.get("variants", []))]:
            for field in fields:
                # A word of the language cannot be the name of a field.
                field["name"] += "_" if keyword.iskeyword(field["name"]) else ""
    written = {
        "names.py": shape_modules.names_module(shapes),
        "errors.py": errors_module.errors_module(shapes),
        "_aio.py": faces.face_module(table, shapes, faces.ASYNC),
        "sync.py": faces.face_module(table, shapes, faces.SYNC),
    }
    for module in shape_modules.MODULES:
        written[f"{module}.py"] = shape_modules.shape_module(module, shapes)
    complete(shapes)
    stale = [name for name, text in written.items() if store(PACKAGE / name, formatted(name, text))]
    if "--check" in sys.argv and stale:
        print(f"out of date: {', '.join(stale)}; run `python dokploy-py/codegen`", file=sys.stderr)
        return 1
    return 0


def complete(shapes: dict[str, Any]) -> None:
    """Every shape is in one module."""
    placed = {name for _, names in shape_modules.MODULES.values() for name in names}
    wanted = {name for name, shape in shapes.items() if shape["kind"] not in ("id", "enum")}
    if placed != wanted:
        raise SystemExit(f"codegen/shapes.py places {placed - wanted} too many and {wanted - placed} too few")


def formatted(name: str, text: str) -> str:
    for words in (["check", "--quiet", "--fix-only", "--select", "F401,I,PIE790"], ["format"]):
        command = [sys.executable, "-m", "ruff", *words, "--config", str(HERE.parent / "pyproject.toml")]
        command += ["--stdin-filename", str(PACKAGE / name), "-"]
        text = subprocess.run(command, input=text, capture_output=True, check=True, encoding="utf-8").stdout
    return text


def store(path: Path, text: str) -> bool:
    """Whether the file was another one."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    if "--check" not in sys.argv:
        path.write_text(text, encoding="utf-8")
    return True
