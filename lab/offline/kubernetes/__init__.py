"""A Kubernetes cluster of one node from its real parts, for machines without an image hub.

`cluster` is what others use; `python -m lab.offline.kubernetes up` and `down` do the same by hand.
"""
