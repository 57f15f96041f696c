"""Assertions in JavaScript, and what they look at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_synthetics.support.browser_tests import Json

    Judge = Callable[..., Json]


BODY = {"status": {"code": 200, "indicator": "none"}, "items": [1, 2]}
SECRET = "wuff-wuff-wuff"


def javascript(code: str) -> Json:
    return {"type": "javascript", "code": code}


def reason(result: Json) -> str:
    """Why the one assertion of a test that failed does not hold."""
    assert (result["status"], result["inconclusive"]) == ("failed", False), result["failure"]
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    (unmet,) = json.loads(result["failure"]["message"])
    (found,) = result["assertions"]
    assert unmet["type"] == found["type"] == "javascript"
    assert not unmet["valid"]
    assert unmet["actual"] == unmet["error_message"] == found["error_message"]
    return str(unmet["actual"])
