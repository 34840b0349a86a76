"""Teachers and students on real data: the pairs of models on which the theorems are stated and measured."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from empirics.data import digits, require_seed
from empirics.networks import Architecture
from empirics.training import Recipe, distil, train
from theory.models import Pair

PLANE = Architecture(hidden=(128, 128), dimension=2)
"""Embeds in the plane, so that representations can be drawn. Layers of 256 would gain half a point of accuracy for
nearly twice the time."""

# Noise of a fifth of the pixel range keeps the networks from memorising some 1,300 images: teachers reach .98 on the
# test part, without it .95. The peak rate is high because embeddings have to grow to norms around 30 while a step of
# Adam moves a weight by about the rate: at a quarter of it L1 and L2 students stop two points short of the teacher.
TEACHER = Recipe(epochs=100, batch_size=128, peak_rate=2e-2, noise=0.2)
"""1,100 steps, about a second."""

STUDENT = Recipe(epochs=150, batch_size=128, peak_rate=2e-2, noise=0.2)
"""Longer than the teacher, because ten logits of a hundred are more to learn than one label."""


class DistilledPair(NamedTuple):
    """A teacher and a student on the test inputs.

    Attributes
    ----------
    name
        The loss the student was distilled by.
    pair
        The teacher is `pair.a`, the student `pair.b`.
    teacher_accuracy, student_accuracy
        On the test inputs, in [0, 1].
    """

    name: str
    pair: Pair
    teacher_accuracy: float
    student_accuracy: float


def digits_pairs(
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
    *,
    losses: tuple[str, ...] = ("kl", "l1", "l2", "centred_l2"),
    teacher: Recipe = TEACHER,
    student: Recipe = STUDENT,
) -> tuple[DistilledPair, ...]:
    """Train one teacher on handwritten digits and distil one student per loss from it.

    Parameters
    ----------
    seed
        Determines the split, the teacher and the students. Students start alike and see the same batches, so they
        differ by their loss alone.
    progress
        Told "teacher" or the student's loss, the number of epochs done and the number in all, after each epoch.
    losses
        Names of registered losses.
    teacher, student
        How each is trained.

    Returns
    -------
    tuple
        One entry per loss, in their order; the pairs share the teacher. Embeddings have m = 2, unembeddings k = 10.

    Raises
    ------
    InvalidInput
        If a loss is not registered or the seed is not a non-negative integer.
    """
    for_split, for_teacher, for_student = (
        int(word) for word in np.random.SeedSequence(require_seed(seed)).generate_state(3)
    )

    def report(name: str) -> Callable[[int, int], None] | None:
        return None if progress is None else partial(progress, name)

    dataset = digits(for_split)
    master = train(dataset, PLANE, teacher, for_teacher, report("teacher"))
    pairs = []
    for name in losses:
        pupil = distil(master.network, name, dataset, PLANE, student, for_student, report(name))
        pairs.append(DistilledPair(name, Pair(master.model, pupil.model), master.accuracy, pupil.accuracy))
    return tuple(pairs)
