"""The two keys of a Datadog organisation."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_storedog_gate.errors import ConfigurationError

# datadog-ci reads both names, the first one first.
KEY_VARIABLES = {
    "api": ("DD_API_KEY", "DATADOG_API_KEY"),
    "app": ("DD_APP_KEY", "DATADOG_APP_KEY"),
}


@dataclass(frozen=True)
class Keys:
    """The two keys of a Datadog organisation; never shown."""

    api: str = field(repr=False)
    app: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuses what no header can hold: the error of the HTTP library would show it."""
        for name, key in (("DD_API_KEY", self.api), ("DD_APP_KEY", self.app)):
            if not (key.isascii() and key.isprintable()) or key != key.strip():
                raise ConfigurationError(
                    f"{name} holds a line break, a space at its ends or another character that no "
                    "key has; was it read from a file?"
                )
