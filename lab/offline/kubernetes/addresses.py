"""Where the cluster keeps its files and what it listens on: fixed, so a machine holds one."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path("/var/lib/storedog-kubernetes")
KUBECONFIG = FOLDER / "admin.kubeconfig"

# The machine's and the node's ends of the cable between them.
MACHINE = "10.231.0.1"
NODE = "10.231.0.2"
PREFIX = 30
API = f"https://{NODE}:6443"
ETCD = "http://127.0.0.1:2379"

PODS = "10.231.1.0/24"
SERVICES = "10.231.2.0/24"
# The API server takes the first one for the Service `kubernetes`.
API_SERVICE = "10.231.2.1"
