"""Which extra brings a package that is not installed."""

from __future__ import annotations

_EXTRAS = {
    "aiosmtpd": "mail",
    "google": "grpc",
    "grpc": "grpc",
    "grpc_health": "grpc",
    "grpc_reflection": "grpc",
    "grpc_tools": "grpc",
    "playwright": "browser",
}
_LOCAL = {
    "brotli", "cryptography", "dns", "httpx", "icmplib", "jinja2", "jsonpath", "lxml", "quickjs",
    "spnego", "starlette", "uvicorn", "uvloop", "websockets",
}  # fmt: skip


def remedy(error: ModuleNotFoundError) -> str | None:
    """What is missing and how to install it, in a sentence; None for what no extra brings."""
    package = (error.name or "").partition(".")[0]
    extra = _EXTRAS.get(package) or ("local" if package in _LOCAL else None)
    if extra is None:
        return None
    return f"{package} is not installed; run: pip install 'pytest-storedog-gate[{extra}]'"
