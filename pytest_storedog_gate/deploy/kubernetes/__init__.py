"""An image in a Deployment of a Kubernetes cluster.

The user's manifests own every object: the gate owns the image of named containers of one
Deployment, and nothing else of it. Its state lives in the cluster: the lock and the history are a
Lease, the journal is an annotation of the Deployment. Installed with the extra `kubernetes`.
"""
