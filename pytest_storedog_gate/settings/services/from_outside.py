"""What a service takes from the process environment and from files, when a run deploys it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading import env_file
from pytest_storedog_gate.reading.files import text_of
from pytest_storedog_gate.reading.interpolation import Filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy.environment import Service
    from pytest_storedog_gate.deploy.runtime import Secret

_LONGEST_SECRET = 65_536  # bytes
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Filling:
    """Puts `known` variables in the place of `${NAME}`; errors name `file`. `used` are those."""

    file: str
    known: Mapping[str, str]
    used: set[str] = field(default_factory=set)

    def filled(self, where: str, data: Any) -> Any:
        """The data at the key `where`; ConfigurationError where a variable is not set."""
        if isinstance(data, dict):
            return {key: self.filled(f"{where}.{key}", value) for key, value in data.items()}
        if not isinstance(data, str) or isinstance(data, Filled):
            return data
        return _VARIABLE.sub(lambda match: self.value(where, match[1]), data)

    def value(self, where: str, name: str) -> str:
        """That of one variable."""
        if name not in self.known:
            raise ConfigurationError(
                f"{self.file}: {where}: ${{{name}}} is not set in the process environment; set it"
            )
        self.used.add(name)
        return self.known[name]


def from_outside(filling: Filling, service: Service) -> Service:
    """The service with all that it takes."""
    where = f"services.{service.name}"
    environment: dict[str, str] = {}
    for path in service.env_files:
        environment |= _of_file(filling, f"{where}.env_file", path)
    environment |= filling.filled(f"{where}.environment", dict(service.environment))
    secrets = tuple(_read(filling, where, each) for each in service.runtime.secrets)
    job = service.before_swap
    if job is not None:
        own = filling.filled(f"{where}.before_swap.environment", dict(job.environment))
        job = replace(job, environment=own)
    return replace(
        service,
        environment=environment,
        env_files=(),
        runtime=replace(service.runtime, secrets=secrets),
        before_swap=job,
    )


def _of_file(filling: Filling, where: str, path: str) -> dict[str, str]:
    shown = f"{filling.file}: {where}: {path}"
    return {
        name: value.text if value.literal else filling.filled(f"{where}.{name}", value.text)
        for name, value in env_file.read(text_of(Path(path), shown), shown).items()
    }


def _read(filling: Filling, where: str, secret: Secret) -> Secret:
    where = f"{where}.secrets.{secret.name}"
    if secret.environment is not None:
        content = filling.value(f"{where}.environment", secret.environment).encode()
    else:
        try:
            content = Path(secret.file or "").read_bytes()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise ConfigurationError(
                f"{filling.file}: {where}.file: {secret.file} cannot be read: {why}"
            ) from None
    if len(content) > _LONGEST_SECRET:
        raise ConfigurationError(
            f"{filling.file}: {where}: has more than {_LONGEST_SECRET} bytes, which no run could "
            "mask; mount what is so long with `volumes`"
        )
    return replace(secret, content=content)
