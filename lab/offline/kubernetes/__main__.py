"""`python -m lab.offline.kubernetes up` or `down`: the cluster alone, without anything on it."""

from __future__ import annotations

import argparse

from lab.offline.kubernetes import cluster
from lab.scripts.progress import say
from lab.scripts.state import one_sentence


def main() -> None:
    """Says where the kubeconfig is, or what was removed."""
    parser = argparse.ArgumentParser(prog="python -m lab.offline.kubernetes")
    parser.add_argument("wish", choices=("up", "down"))
    with one_sentence():
        if parser.parse_args().wish == "up":
            say(f"export KUBECONFIG={cluster.up()}")
        else:
            say("removed Kubernetes" if cluster.down() else "there is no Kubernetes to remove")


if __name__ == "__main__":
    main()
