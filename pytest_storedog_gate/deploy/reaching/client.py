"""The SDK's client, bounded in time and led by nothing but what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import docker
from docker.errors import InvalidConfigFile

from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    import requests
    from requests.adapters import BaseAdapter

CONNECT = 5  # s
CALL = 60


class Unreached(OSError):
    """There is no way to the engine; the text says why, and what to do."""


class BoundedClient(docker.APIClient):
    """One that has agreed with the engine on the API's version, through an `adapter` if given.

    ConfigurationError where the SDK cannot make sense of Docker's configuration file.
    """

    def __init__(
        self,
        base_url: str,
        adapter: BaseAdapter | None = None,
        patience: float = CONNECT,
    ) -> None:
        """`patience` is how many seconds the first answer may take."""
        self._through = adapter
        try:
            super().__init__(base_url, version="auto", timeout=patience)  # type: ignore[arg-type]
        except (InvalidConfigFile, AttributeError, TypeError, ValueError) as error:
            self._close_adapter()
            raise ConfigurationError(
                f"Docker's config.json cannot be used ({type(error).__name__}): correct it"
            ) from error
        except BaseException:
            self._close_adapter()
            raise
        self.timeout = CALL

    def get_adapter(self, url: str) -> Any:
        return self._through or super().get_adapter(url)

    def request(self, *args: Any, **kwargs: Any) -> Any:
        # The SDK's own first call, too, goes by no proxy, bundle or .netrc of the environment.
        self.trust_env = False
        return super().request(*args, **kwargs)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        # The SDK pulls and attaches without a timeout: an engine that hangs would hang the gate.
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = CALL
        return super().send(request, **kwargs)

    def close(self) -> None:
        self._close_adapter()
        super().close()

    def _close_adapter(self) -> None:
        if self._through is not None:
            self._through.close()
