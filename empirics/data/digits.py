"""The handwritten digits that come with scikit-learn."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from empirics.data.dataset import Concept, Dataset, Part, split_in_three, thirds
from empirics.data.measured import aspect_ratio, enclosed_loops, ink, slant

_VALIDATION_SHARE = 0.15  # 270 digits, 27 of each label: penalties of probes alone are chosen on them
_TEST_SHARE = 0.25  # 449 of the 1,797 digits: an accuracy of .98 is then known to within .7 points (one s.d.)
_SIDE = 8  # pixels
# Half of a pixel's cells are inked. Of thresholds from 1/16 to 11/16, that at which the most digits, 83 %, have the
# loops they ought to have (one of 0, 6 and 9, two of 8, else none; 4 is written either way).
_INKED = 0.5

_CONCEPTS = (
    Concept("loops", ("none", "one", "two or more")),
    Concept("slant", ("left", "upright", "right")),
    Concept("ink", ("light", "medium", "heavy")),
    Concept("aspect ratio", ("narrow", "medium", "wide")),
)


def digits(seed: int = 0) -> Dataset:
    """Load the 1,797 handwritten digits that come with scikit-learn: 8 x 8 pixels scaled to [0, 1], ten labels.

    The concepts are measured on the images: the loops that the ink encloses, and the thirds of slant, ink and aspect
    ratio, where thirds are of the images that are trained on.

    Parameters
    ----------
    seed
        Determines which quarter of each label's images is held out for testing, and which for choices.

    Raises
    ------
    InvalidInput
        If `seed` is not a non-negative integer.

    References
    ----------
    E. Alpaydin, C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI (its test part).
    """
    from sklearn.datasets import load_digits  # here, because no other data set needs scikit-learn

    inputs, labels = load_digits(return_X_y=True)
    # Pixels count the inked cells of a 4 x 4 block.
    parts = split_in_three(Part(inputs / 16.0, labels), _VALIDATION_SHARE, _TEST_SHARE, seed)
    train, validation, test = (
        Part(part.inputs, part.labels, concepts_of(part.inputs, parts[0].inputs)) for part in parts
    )
    return Dataset("digits", train, validation, test, _CONCEPTS, image=(1, _SIDE, _SIDE))


def concepts_of(inputs: Float[np.ndarray, "n 64"], trained_on: Float[np.ndarray, "n1 64"]) -> Int[np.ndarray, "n 4"]:
    """Measure the concepts: loops, slant, ink and aspect ratio.

    Parameters
    ----------
    inputs
        Shape (n, 64), images of digits with pixels from 0 to 1.
    trained_on
        Shape (n1, 64), the images whose terciles are the cuts between the values.
    """
    images, reference = (rows.reshape(-1, _SIDE, _SIDE) for rows in (inputs, trained_on))
    columns = [thirds(measure(images), measure(reference)) for measure in (slant, ink, aspect_ratio)]
    return np.stack([np.minimum(enclosed_loops(images >= _INKED), 2), *columns], axis=1)
