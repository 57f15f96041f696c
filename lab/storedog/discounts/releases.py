"""What is wrong with each bad release. The image's RELEASE says which one it is."""

from __future__ import annotations

import itertools
import json
import time
from typing import TYPE_CHECKING, Any, cast

from flask import Response, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

GOOD = ("good", "better")


def plant(release: str, app: Flask) -> None:
    """Gives `app` the fault of `release`; a good release has none."""
    if release in GOOD:
        return
    if release == "crash":
        raise RuntimeError("release crash: a setting that this release needs is missing")
    path, spoil = FAULTS[release]

    @app.after_request
    def spoiled(response: Response) -> Response:
        return spoil(response) if request.path == path else response


def _json(data: object, status: int = 200) -> Response:
    return Response(json.dumps(data), status, mimetype="application/json")


def _html(status: int, text: str) -> Response:
    return Response(f"<!doctype html><h1>{text}</h1>", status, mimetype="text/html")


def _renamed(response: Response) -> Response:
    return _json([{"discount_code": d.pop("code"), **d} for d in _discounts(response)])


def _null_code(response: Response) -> Response:
    return _json([d | {"code": None} for d in _discounts(response)])


def _wrapped(response: Response) -> Response:
    return _json({"discounts": _discounts(response)})


def _utf_16(response: Response) -> Response:
    text = response.get_data(as_text=True)
    return Response(text.encode("utf-16"), content_type="application/json; charset=utf-16")


def _slow(response: Response) -> Response:
    time.sleep(3)
    return response


_requests = itertools.count()


def _flaky(response: Response) -> Response:
    fails = next(_requests) % 2 == 0
    return _json({"error": "Internal Server Error"}, 500) if fails else response


def _discounts(response: Response) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", response.get_json())


FAULTS: dict[str, tuple[str, Callable[[Response], Response]]] = {
    "http-500": ("/discount", lambda _: _json({"error": "Internal Server Error"}, 500)),
    "empty-list": ("/discount", lambda _: _json([])),
    "renamed-field": ("/discount", _renamed),
    "null-code": ("/discount", _null_code),
    "wrapped-list": ("/discount", _wrapped),
    "html-200": ("/discount", lambda _: _html(200, "Down for maintenance")),
    # HTTP clients decode it by its charset; a browser's fetch reads all JSON as UTF-8.
    "utf-16": ("/discount", _utf_16),
    "lost-route": ("/discount-code", lambda _: _html(404, "Not Found")),
    "error-body": (
        "/discount-code",
        lambda _: _json({"error": "Discount not found", "status": 0}),
    ),
    "slow": ("/discount", _slow),
    "never-ready": ("/ready", lambda _: _json({"status": "not ready"}, 503)),
    # The first request fails, the second does not, and so on: no two runs differ.
    "flaky": ("/discount", _flaky),
}
