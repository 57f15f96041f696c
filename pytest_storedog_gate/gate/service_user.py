"""The user that the local service of a run by root belongs to.

A run is root where the engine's socket is root's. What opens the pages of others needs none of
that: Chromium has no sandbox as root, and who breaks out of it would have the engine.
"""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.outlets.whole_file import refuse_links

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "STOREDOG_SERVICE_USER"


@dataclass(frozen=True)
class ServiceUser:
    """An account of this machine."""

    account: pwd.struct_passwd

    @property
    def process(self) -> dict[str, Any]:
        """What `subprocess.Popen` is told."""
        user, group = self.account.pw_uid, self.account.pw_gid
        return {"user": user, "group": group, "extra_groups": []}

    @property
    def environment(self) -> dict[str, str]:
        """The variables that differ from root's."""
        name = self.account.pw_name
        return {"HOME": self.account.pw_dir, "USER": name, "LOGNAME": name}

    def give(self, folder: Path) -> None:
        """Makes the folder for this user. One that is there has to be the user's.

        Raises ConfigurationError.
        """
        try:
            refuse_links(folder)
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700)
            os.chown(folder, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)
        except FileExistsError:
            held = folder.stat()
            if held.st_uid != self.account.pw_uid and not held.st_mode & stat.S_IWOTH:
                name = self.account.pw_name
                raise ConfigurationError(
                    f"{folder}: the local service runs as {name} ({VARIABLE}), who cannot write "
                    f"there; run: chown {name} {folder}"
                ) from None
        except OSError as error:
            raise ConfigurationError(f"{folder}: {error.strerror}") from None


def service_user() -> ServiceUser | None:
    """The one that the environment names for a run by root. Raises ConfigurationError."""
    name = os.environ.get(VARIABLE)
    if not name or os.geteuid() != 0:
        return None
    try:
        return ServiceUser(pwd.getpwnam(name))
    except KeyError:
        raise ConfigurationError(f"{VARIABLE}: {name!r} is no user of this machine") from None
