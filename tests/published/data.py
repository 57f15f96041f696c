"""Where the published facts are: recordings, definitions and the API's description.

They lie beside a checkout, or where STOREDOG_PUBLISHED says; nothing of them is in the project.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.repository import ROOT

BESIDE = ROOT.parent / "shared" / "datadog"
PUBLISHED = Path(os.environ.get("STOREDOG_PUBLISHED") or BESIDE)

needs_published = pytest.mark.skipif(
    not PUBLISHED.is_dir(),
    reason="the published data are not beside this checkout; STOREDOG_PUBLISHED can name them",
)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
