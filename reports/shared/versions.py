"""What a report says of itself: the schema of its JSON, and the versions that its numbers depend on."""

from __future__ import annotations

import importlib.metadata
import platform


def schema(name: str, number: int) -> str:
    """Return what ``"schema"`` says in a file that this package writes: its kind, and the version of that kind."""
    return f"logitbounds/{name}/{number}"


def version() -> str:
    """Return the version of this package, "unknown" where it runs without being installed."""
    return _version("logitbounds") or "unknown"


def versions(*packages: str) -> dict[str, str]:
    """Return the versions that numbers depend on.

    Parameters
    ----------
    packages
        Distributions beside NumPy, as PyPI calls them.

    Returns
    -------
    dict
        Of Python, of this package, of NumPy and of each distribution; "not installed" where there is none.
    """
    others = {name: _version(name) or "not installed" for name in ("numpy", *packages)}
    return {"python": platform.python_version(), "logitbounds": version()} | others


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
