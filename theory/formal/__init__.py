"""The central theorems in a proof assistant: statements from the catalogue, proofs in Coq down to the real numbers.

`formal_statements` says which statements of a theorem are proved exactly as they stand; ``make formal`` proves them.
"""

from theory.formal.record import FormalProof, formal_statements, formal_statements_of_theorem, outdated_statements

__all__ = ["FormalProof", "formal_statements", "formal_statements_of_theorem", "outdated_statements"]
