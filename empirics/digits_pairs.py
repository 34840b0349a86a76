"""One teacher and a student for each loss, on handwritten digits: pairs of models to state the theorems on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from empirics.calibration import accuracy
from empirics.data.dataset import require_seed
from empirics.data.digits import digits
from empirics.losses import loss_named
from empirics.networks import evaluate
from empirics.presets import PLANE, STUDENT, TEACHER
from empirics.training import Recipe, device, distil, train
from theory.models import Pair


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

    chosen = [loss_named(name) for name in losses]  # before anything is trained
    dataset = digits(for_split)
    inputs, labels = torch.tensor(dataset.test.inputs).to(device()), dataset.test.labels
    master = train(dataset, PLANE, teacher, [for_teacher], progress=report("teacher")).network
    model = evaluate(master, inputs)[0]
    pairs = []
    for loss in chosen:
        pupil = distil(master, loss, dataset, PLANE, student, [for_student], progress=report(loss.name)).network
        learnt = evaluate(pupil, inputs)[0]
        pairs.append(DistilledPair(loss.name, Pair(model, learnt), accuracy(model, labels), accuracy(learnt, labels)))
    return tuple(pairs)
