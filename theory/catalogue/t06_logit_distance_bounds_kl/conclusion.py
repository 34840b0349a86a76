"""What each proof of T6 concludes, by statement: names are those of `theory.catalogue.plain`."""

from __future__ import annotations

from collections.abc import Mapping

from theory.proofs.conclusion import Conclusion, concludes

CONCLUSIONS: Mapping[str, Conclusion] = {"upper_bound": concludes("KL <= D/4", {"KL": "lhs*D"})}
