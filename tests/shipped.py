"""Files of the package that are made of its tables, and written anew by STOREDOG_REWRITE=1."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema

# Read before the tests begin: each of them has an environment without such variables.
_REWRITE = bool(os.environ.get("STOREDOG_REWRITE"))


def is_up_to_date(room: str, name: str, made: dict[str, Any]) -> bool:
    """Whether the schema that the package ships is the one that was made, which is a valid one."""
    jsonschema.Draft202012Validator.check_schema(made)
    path = Path(str(files(room).joinpath(name)))
    if _REWRITE:
        path.write_text(f"{json.dumps(made, indent=2)}\n", "utf-8")
    return bool(json.loads(path.read_text("utf-8")) == made)
