"""Verdicts as signed attestations: in-toto Statements in sigstore bundles, beside the image.

`statement` says what is signed, `bundle` and `keys` how, `registry` and `folder` where it is kept,
and `store` which one of several counts.
"""
