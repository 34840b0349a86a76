"""Every name for which there are two implementations: one small file for each kind of measure."""

from __future__ import annotations

from importlib import import_module

from reports.audit.members import Group

_MODULES = ("cka", "canonical_correlations", "procrustes", "dissimilarity_matrices", "rows", "divergences")


def all_groups() -> tuple[Group, ...]:
    """Return every group; nothing that is audited is imported."""
    return tuple(group for name in _MODULES for group in import_module(f"reports.audit.groups.{name}").GROUPS)
