"""The node's containerd: apart from the engine's, with networks by CNI and the lab's registry."""

from __future__ import annotations

import json
from pathlib import Path

from lab.offline.kubernetes import cgroups, pause
from lab.offline.kubernetes.addresses import FOLDER, MACHINE, PODS
from lab.offline.kubernetes.network import REGISTRY_PORT, inside
from lab.scripts import logged
from lab.scripts.machine import packages

NAME = "containerd"
SOCKET = FOLDER / "containerd.sock"
_STATE = FOLDER / "containerd-state"
_PLUGINS = "/usr/lib/cni"
_CONFIGURATION = f"""\
version = 2
root = "{FOLDER / "containerd"}"
state = "{_STATE}"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs"]

[grpc]
address = "{SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause.NAME}"
# Where a machine does without CAP_SYS_RESOURCE, nothing may ask for a lower score than its own.
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{_PLUGINS}"
conf_dir = "{FOLDER / "cni"}"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
Root = "{FOLDER / "runc"}"

[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "{FOLDER / "registries"}"
"""
_NETWORK = {
    "cniVersion": "0.4.0",
    "name": "pods",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "pods",
            "isGateway": True,
            "hairpinMode": True,
            "ipam": {
                "type": "host-local",
                "dataDir": str(FOLDER / "addresses"),
                "ranges": [[{"subnet": PODS}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        }
    ],
}
# To the node, `localhost` is itself: what the machine calls so is at the machine's address.
_REGISTRY = f"""\
server = "http://{MACHINE}:{REGISTRY_PORT}"

[host."http://{MACHINE}:{REGISTRY_PORT}"]
capabilities = ["pull", "resolve"]
"""


def need() -> None:
    """Installs what is missing of Debian's packages."""
    packages.need(
        containerd="containerd",
        runc="runc",
        ip="iproute2",
        iptables="iptables",
        **{f"{_PLUGINS}/bridge": "containernetworking-plugins"},
    )


def start() -> None:
    """Starts it with the files that it reads."""
    files = {
        "containerd.toml": _CONFIGURATION,
        "cni/pods.conflist": json.dumps(_NETWORK, indent=2),
        f"registries/localhost:{REGISTRY_PORT}/hosts.toml": _REGISTRY,
        f"registries/127.0.0.1:{REGISTRY_PORT}/hosts.toml": _REGISTRY,
    }
    for name, text in files.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    cgroups.start(
        NAME,
        inside("containerd", f"--config={FOLDER / 'containerd.toml'}"),
        FOLDER / "logs" / f"{NAME}.log",
    )


def import_pause() -> None:
    """Gives a containerd that answers the one image that no registry has."""
    archive = FOLDER / "pause.tar"
    pause.write(archive)
    logged.run(
        ["ctr", f"--address={SOCKET}", "--namespace=k8s.io", "images", "import", str(archive)],
        "containerd-import.log",
        what="importing the pause image",
    )


def remove_sockets() -> None:
    """Removes what its shims, which were killed, leave outside its folders."""
    for address in _STATE.glob("io.containerd.runtime.v2.task/*/*/address"):
        Path(address.read_text().removeprefix("unix://")).unlink(missing_ok=True)
