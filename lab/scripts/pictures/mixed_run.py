"""A run of the gate in which an API check and a browser check fail, seen by a person and a log."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lab.scripts.pictures.serving import served
from lab.scripts.pictures.terminal import Screen, logged, on_terminal
from lab.scripts.state import LabError

_PAGE = """<!doctype html><title>The shop</title>
<style>body { font: 20px sans-serif; margin: 3em }</style>
<h1>Treats for dogs</h1><p id="banner">Loading</p>"""
_ANSWERS = {
    "/": _PAGE,
    "/discounts": '[{"discount_code": "BFRIDAY", "value": 10}]',
    "/health": '{"status": "ok"}',
}
_SLOW = "/health"
_WHILE = 4  # s that the slow one takes, while the table is looked at
_GATE = ("-m", "pytest", "-p", "pytest_storedog_gate.plugin", "--storedog-env=staging")


@dataclass(frozen=True)
class Seen:
    """The pages: what the terminal has shown by name, and the file with the evidence."""

    screens: dict[str, Screen]
    evidence: Path


def seen(folder: Path) -> Seen:
    """Runs the gate twice; the evidence is kept in `folder`."""
    # Outside of this repository, whose own configuration would be another one.
    with TemporaryDirectory() as project, served(_Shop) as url:
        _write(Path(project), url)
        evidence = folder / "evidence.html"
        table, left = on_terminal([*_GATE, f"--storedog-html={evidence}"], Path(project))
        log = logged([*_GATE, "-v"], Path(project))
    if not table or "GATE CLOSED" not in log:
        raise LabError(f"the run has shown no live table, or ended otherwise than closed:\n{log}")
    return Seen({"terminal-table": table, "terminal-end": left, "terminal-log": log}, evidence)


class _Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == _SLOW:
            time.sleep(_WHILE)
        body = _ANSWERS.get(self.path, "").encode()
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html" if self.path == "/" else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing: the run is the picture."""


def _write(project: Path, url: str) -> None:
    code = {"jsonPath": "$[0].code", "operator": "is", "targetValue": "BFRIDAY"}
    checks = [
        _api("hea-lth-chk", "The shop is up", f"{url}/health"),
        _api(
            "dis-cou-nts",
            "The shop offers discounts",
            f"{url}/discounts",
            {"type": "body", "operator": "validatesJSONPath", "target": code},
        ),
        _browser("hom-pge-brw", "The home page has treats", url, "Treats for dogs"),
        _browser("ban-ner-brw", "The banner shows a discount", url, "BFRIDAY"),
    ]
    tests = [{"localTestDefinition": check} for check in checks]
    text = json.dumps({"tests": tests}, indent=2)
    (project / "checks").mkdir()
    (project / "checks" / "shop.synthetics.json").write_text(text, "utf-8")
    ids = ", ".join(f'"{check["public_id"]}"' for check in checks)
    (project / "storedog.toml").write_text(
        '[synthetics]\nbackend = "local"\ndefinitions = ["checks/*.synthetics.json"]\n\n'
        f"[environments.staging]\nchecks = [{ids}]\n",
        "utf-8",
    )


def _api(public_id: str, name: str, url: str, *assertions: dict[str, Any]) -> dict[str, Any]:
    ok = {"type": "statusCode", "operator": "is", "target": 200}
    config = {"request": {"method": "GET", "url": url}, "assertions": [ok, *assertions]}
    kind = {"type": "api", "subtype": "http", "locations": ["aws:eu-central-1"]}
    return {"public_id": public_id, "name": name, **kind, "config": config}


def _browser(public_id: str, name: str, url: str, text: str) -> dict[str, Any]:
    step = {"type": "assertPageContains", "name": f"The page shows {text}", "timeout": 2}
    return {
        "public_id": public_id,
        "name": name,
        "type": "browser",
        "locations": ["aws:eu-central-1"],
        "config": {"request": {"method": "GET", "url": f"{url}/"}, "assertions": []},
        "options": {"device_ids": ["laptop_large"]},
        "steps": [step | {"params": {"value": text}}],
    }
