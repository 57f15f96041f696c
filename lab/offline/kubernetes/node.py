"""The cluster's node: the kubelet runs pods, and kube-proxy leads Services to them."""

from __future__ import annotations

import json

from lab.offline.kubernetes import cgroups, runtime
from lab.offline.kubernetes.addresses import FOLDER, NODE, PODS
from lab.offline.kubernetes.certificates import AUTHORITY, NODE_NAME, kubeconfig

_KUBELET = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "containerRuntimeEndpoint": f"unix://{runtime.SOCKET}",
    "authentication": {
        "x509": {"clientCAFile": str(AUTHORITY)},
        "webhook": {"enabled": False},
        "anonymous": {"enabled": False},
    },
    "authorization": {"mode": "AlwaysAllow"},
    "cgroupRoot": f"/{cgroups.NAME}",
    "cgroupDriver": "cgroupfs",
    "failCgroupV1": False,
    "failSwapOn": False,
    "volumePluginDir": str(FOLDER / "plugins"),
    "podLogsDir": str(FOLDER / "pods"),
    "serializeImagePulls": False,
    # The machine's disk is the machine's: how full it is evicts no pod and removes no image.
    "evictionHard": {
        "imagefs.available": "0%",
        "memory.available": "0%",
        "nodefs.available": "0%",
    },
    "imageGCHighThresholdPercent": 100,
    # A lower one needs a capability that not every machine gives.
    "oomScoreAdj": 0,
}
_PROXY = {
    "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
    "kind": "KubeProxyConfiguration",
    "clientConnection": {"kubeconfig": str(kubeconfig("kube-proxy"))},
    "hostnameOverride": NODE_NAME,
    "mode": "iptables",
    "clusterCIDR": PODS,
    # The table of connections is the machine's, and stays as large as it is.
    "conntrack": {"maxPerCore": 0, "min": 0},
    "oomScoreAdj": 0,
}


_FILES = {FOLDER / "kubelet.json": _KUBELET, FOLDER / "kube-proxy.json": _PROXY}


def write() -> None:
    """Writes what both read: once, because kube-proxy ends when its file is written anew."""
    for path, configuration in _FILES.items():
        path.write_text(json.dumps(configuration, indent=2))


def commands() -> dict[str, list[str]]:
    """The arguments of each program."""
    kubelet, proxy = _FILES
    return {
        "kubelet": [
            f"--config={kubelet}",
            f"--kubeconfig={kubeconfig('kubelet')}",
            f"--root-dir={FOLDER / 'kubelet'}",
            f"--cert-dir={FOLDER / 'kubelet-certificates'}",
            f"--hostname-override={NODE_NAME}",
            f"--node-ip={NODE}",
        ],
        "kube-proxy": [f"--config={proxy}"],
    }
