"""What is measured of one model by itself: numbers that hypotheses and constants of the theorems are made of."""

from __future__ import annotations

from jaxtyping import Float

from theory.arithmetic.arrays import Array, as_result
from theory.models import Model


def log_min_probability(model: Model) -> Float[Array, "*batch"]:
    """Log of tau, the smallest probability that the model gives to any label on any input; in (-inf, 0].

    References
    ----------
    The floor of theorem T5 of the catalogue; of a pair it is the smaller of the two.
    """
    return as_result(model.log_min_probability)


def diversity(model: Model) -> Float[Array, "*batch"]:
    """How evenly the labels span the space: s_m(Gc)/s_1(Gc), the inverse condition number of the label-centred Gc.

    Returns
    -------
    float
        In [0, 1]; 0 where the model is not diverse, as with fewer than m + 1 labels. It depends on the coordinates.
    """
    return as_result(model.diversity)
