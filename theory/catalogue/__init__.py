"""The theorem catalogue: one folder per theorem, found by its name.

A folder ``tNN_what_it_says`` has the theorem in ``statement.py`` and its proofs, where somebody has written them down,
in ``proof.py``. Adding a theorem is adding a folder; nothing else changes.
"""

from theory.catalogue.entries import theorem, theorems

__all__ = ["theorem", "theorems"]
