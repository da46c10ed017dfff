"""Makes the type stub of the native module of the module itself: `python dokploy-py/codegen/stub.py`.

With `--check` it changes nothing and fails when the stub is out of date.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from generate import HERE, PACKAGE, formatted, store

PACKAGE_STUB = PACKAGE / "_dokploy.pyi"

HEADER = "# Made by dokploy-py/codegen/stub.py of the sources in dokploy-py/src; changes here are lost.\n\n"


def main() -> int:
    with tempfile.TemporaryDirectory() as directory:
        command = ["maturin", "generate-stubs", "--features", "fakes", "--out", directory]
        command += ["--manifest-path", str(HERE.parent / "Cargo.toml")]
        done = subprocess.run(command, capture_output=True, encoding="utf-8")
        if done.returncode:
            sys.exit(done.stderr)
        (made,) = Path(directory).rglob("*.pyi")
        text = made.read_text(encoding="utf-8")
    # Only tests have the container engine in memory.
    text = re.sub(r"@final\nclass FakeWorld:\n(?:    .*\n|\n)*", "", text).replace('"FakeWorld", ', "")
    if store(PACKAGE_STUB, formatted(PACKAGE_STUB.name, HEADER + text)) and "--check" in sys.argv:
        print("the stub is out of date; run `python dokploy-py/codegen/stub.py`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
