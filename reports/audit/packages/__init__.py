"""One small file for each audited package: its measures as adapters, with the package imported when one is called."""

from __future__ import annotations

from importlib import import_module

from reports.audit.adapters import Adapter, Package

_MODULES = (
    "scipy_functions", "scikit_learn", "statsmodels_cancorr", "cca_zoo_linear", "repsim_core", "rsatoolbox_compare",
    "ckatorch_core", "pytorch_cka_features", "torch_cka_compare", "shesha_sim", "repralign_metrics",
    "nngeom_representations", "qc_procrustes", "torchmetrics_functional", "dcor_statistics", "hyppo_independence",
    "pot_transport", "gensim_matutils",
)  # fmt: skip


def all_adapters() -> tuple[Adapter, ...]:
    """Return every adapter, package by package; nothing that is audited is imported."""
    return tuple(adapter for name in _MODULES for adapter in import_module(f"reports.audit.packages.{name}").ADAPTERS)


def all_packages() -> tuple[Package, ...]:
    """Return every package that has an adapter, in the order of the adapters."""
    return tuple(dict.fromkeys(adapter.package for adapter in all_adapters()))
