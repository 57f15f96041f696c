"""What the linter says about a pipeline file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One way in which the gate has no teeth; `rule` is its name in docs/drone.md."""

    line: int
    rule: str
    what: str
    remedy: str

    def text(self, file: str) -> str:
        """As compilers write it, for editors and logs."""
        return f"{file}:{self.line}: [{self.rule}] {self.what}; {self.remedy}"
