"""The cluster's control plane: etcd, the API server, the controllers and the scheduler."""

from __future__ import annotations

from lab.offline.kubernetes.addresses import ETCD, FOLDER, NODE, PODS, SERVICES
from lab.offline.kubernetes.certificates import (
    ACCOUNTS,
    AUTHORITY,
    SERVER,
    certificate,
    kubeconfig,
    private_key,
)

_KUBELET = FOLDER / "kube-apiserver-kubelet"


def commands() -> dict[str, list[str]]:
    """The arguments of each program, in the order in which they start."""
    return {
        # What it holds ends with the lab, so nothing has to survive a power cut.
        "etcd": [
            f"--data-dir={FOLDER / 'etcd'}",
            "--unsafe-no-fsync",
            f"--listen-client-urls={ETCD}",
            f"--advertise-client-urls={ETCD}",
        ],
        "kube-apiserver": [
            f"--etcd-servers={ETCD}",
            f"--bind-address={NODE}",
            f"--advertise-address={NODE}",
            f"--service-cluster-ip-range={SERVICES}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged",
            f"--client-ca-file={AUTHORITY}",
            f"--tls-cert-file={certificate(SERVER)}",
            f"--tls-private-key-file={private_key(SERVER)}",
            f"--kubelet-client-certificate={certificate(_KUBELET)}",
            f"--kubelet-client-key={private_key(_KUBELET)}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={certificate(ACCOUNTS)}",
            f"--service-account-signing-key-file={private_key(ACCOUNTS)}",
        ],
        "kube-controller-manager": [
            f"--kubeconfig={kubeconfig('kube-controller-manager')}",
            f"--cluster-cidr={PODS}",
            f"--service-cluster-ip-range={SERVICES}",
            "--use-service-account-credentials",
            f"--root-ca-file={AUTHORITY}",
            f"--service-account-private-key-file={private_key(ACCOUNTS)}",
            "--leader-elect=false",
        ],
        "kube-scheduler": [
            f"--kubeconfig={kubeconfig('kube-scheduler')}",
            "--leader-elect=false",
        ],
    }
