"""A Deployment of test images with its Service, as a user's manifests have them."""

from __future__ import annotations

from typing import Any

PORT = 8080


def web(
    image: str, *, replicas: int = 2, name: str = "web", lingers: int = 2
) -> tuple[dict[str, Any], ...]:
    """Service and Deployment `name`; a pod is ready when its page answers.

    One that is to end serves for so many seconds more, by which its requests are through.
    """
    labels = {"app": name}
    container = {
        "name": name,
        "image": image,
        "ports": [{"containerPort": PORT}],
        "readinessProbe": {"httpGet": {"path": "/health", "port": PORT}, "periodSeconds": 1},
        # Its node goes on sending it requests until it has heard that it ends.
        "lifecycle": {"preStop": {"sleep": {"seconds": lingers}}},
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": labels, "ports": [{"port": PORT}]},
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [container],
                    "terminationGracePeriodSeconds": lingers * 3 // 2,
                },
            },
        },
    }
    return service, deployment
