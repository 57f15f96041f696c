"""The pipeline files in cases/: what the linter has to find in each, and what proves it.

`# finding: RULE` stands at the line that the finding names, at whatever level. The first line says
the proof:
`deployed` (the real runner runs production though the gate has failed), `green` (the build ends
green though the gate has not passed), `sound` (it runs nothing after a failed gate, and the build
is red), `shell` (the step ends with 0 in each shell, after which the runner goes on, as the cases
before show), `pytest` (the gate's own command ends with 0), `bash` (the script ends with 0 where
that is `/bin/sh`), or `elsewhere`, with where.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent / "cases"
_MARK = "# finding: "


@dataclass(frozen=True)
class Case:
    """One file; `settings` are what the proof needs, e.g. `status=5`."""

    path: Path
    proof: str
    settings: dict[str, str]
    findings: list[tuple[int, str]]

    @classmethod
    def read(cls, path: Path) -> Case:
        lines = path.read_text(encoding="utf-8").splitlines()
        proof, *settings = lines[0].removeprefix("# proof: ").split(" ", 1)
        pairs = [s.partition("=")[::2] for s in "".join(settings).split("; ") if "=" in s]
        marked = [(n, line.partition(_MARK)[2]) for n, line in enumerate(lines, 1) if _MARK in line]
        return cls(path, proof.rstrip(":"), dict(pairs), marked)


CASES = {path.stem: Case.read(path) for path in sorted(_FOLDER.rglob("*.yml"))}


def proved_by(*proofs: str) -> list[Case]:
    """The cases with one of these proofs."""
    return [case for case in CASES.values() if case.proof in proofs]
