"""Which proofs there are: by theorem, and the attempts at false twins, which must come to nothing."""

from __future__ import annotations

from theory.catalogue.entries import proof_module
from theory.proofs.steps import Proof


def proofs_of(identifier: str) -> tuple[Proof, ...]:
    """Return the proofs of a theorem's statements; none where nobody has written one down.

    Raises
    ------
    InvalidInput
        If there is no theorem of that identifier.
    """
    module = proof_module(identifier)
    return () if module is None else tuple(module.proofs())


def attempts_at(identifier: str) -> tuple[Proof, ...]:
    """Return attempts at a theorem's false twins, none of which may be accepted.

    Raises
    ------
    InvalidInput
        If there is no theorem of that identifier.
    """
    module = proof_module(identifier)
    return () if module is None else tuple(module.false())
