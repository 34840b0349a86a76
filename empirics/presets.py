"""What each experiment trains, and why: plain data, a reason for every constant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from empirics.data.registry import DATASETS
from empirics.networks import Architecture, Perceptron, ResidualNetwork
from empirics.training import Recipe
from theory.errors import InvalidInput

LOSSES = ("kl", "l1", "l2", "centred_l2")
"""The paper's three and the squared logit distance that the theorems speak of."""

PROFILES = ("quick", "standard", "paper")
"""Within a minute, within half an hour on two cores, and the paper's own settings, which take hours."""


@dataclass(frozen=True)
class Preset:
    """An experiment's constants.

    Attributes
    ----------
    dataset
        Name of the data set.
    teacher, student
        Architectures.
    teacher_recipe, student_recipe
        How they are trained.
    teachers, students
        Numbers of seeds; every teacher is paired with every student seed.
    options
        Of the data set.
    concept_weight
        Weight of the concepts when teachers are trained; see `empirics.training.train`.
    losses
        Those distilled by if nothing else is asked for.
    predictions
        Name of the file of registered predictions, or an empty string.
    """

    dataset: str
    teacher: Architecture
    student: Architecture
    teacher_recipe: Recipe
    student_recipe: Recipe
    teachers: int
    students: int
    options: Mapping[str, Any] = field(default_factory=dict)
    concept_weight: float = 0.0
    losses: tuple[str, ...] = LOSSES
    predictions: str = ""


# --------------------------------------------------------------------------- spirals: m = 2, k = 7

# The paper's network has three hidden layers of 512 with dropout, is trained for 500 and 250 epochs of batches of 512
# at 1e-3, the first twenty at a thousandth of that. Width 128 costs an eighth, and teachers still reach .9998; a
# one-cycle schedule that peaks at 1e-2 takes students within two tenths of a point of that in 80 epochs; 4e-3 with
# batches of 512 leaves logit students a point short after 150. Without dropout students match their teacher's logits
# more closely than in the paper (m_CCA .9997 against .9993). No noise: near the centre arms are a tenth apart.
#
# Five teachers and five students, because m_CCA of a KL student depends on its and its teacher's seed as on nothing
# else (.13 to .98): three of each leave the mean between .4 and 1 whatever width (128 to 512), depth, rate and length,
# and between .67 and .96 at these settings.
_SPIRALS = Recipe(epochs=80, batch_size=256, peak_rate=1e-2)
_SPIRALS_PAPER = Recipe(epochs=250, batch_size=512, peak_rate=1e-3)
_PLANE = Perceptron(hidden=(128, 128, 128), dimension=2)
_PAPER_PLANE = Perceptron(hidden=(512, 512, 512), dimension=2)

# --------------------------------------------------------------------------- digits: m = 2, k = 10

PLANE = Perceptron(hidden=(128, 128), dimension=2)
"""Embeds in the plane, so that representations can be drawn. Layers of 256 would gain half a point of accuracy for
nearly twice the time."""

# Noise of a fifth of the pixel range keeps the networks from memorising some 1,100 images: teachers reach .98 on the
# test part, without it .95. The peak rate is high because embeddings have to grow to norms around 30 while a step of
# Adam moves a weight by about the rate: at a quarter of it L1 and L2 students stop two points short of the teacher.
TEACHER = Recipe(epochs=100, batch_size=128, peak_rate=2e-2, noise=0.2)
"""About 850 steps, a second."""

STUDENT = Recipe(epochs=150, batch_size=128, peak_rate=2e-2, noise=0.2)
"""Longer than the teacher, because ten logits of a hundred are more to learn than one label."""

# --------------------------------------------------------------------------- images

# A network of 16, 32 and 64 channels whose first convolution halves the image takes five seconds of one core for a pass
# over 15,000 images of 32 x 32, three of them for the students' gradients; twice the channels take thrice as long.
_SMALL = (16, 32, 64)

# As in the experiment on birds m is below k - 1, and the teacher also learns to tell the attributes by linear read-outs
# of its embedding; ten dimensions for 13 independent directions of attributes and eleven of shapes are too few for all.
_RENDERED_TEACHER = Recipe(epochs=25, batch_size=128, peak_rate=5e-3)
_RENDERED_STUDENT = Recipe(epochs=25, batch_size=128, peak_rate=1e-2)

# Three teachers and two students of each: a network takes half a minute to a minute, and the grid a quarter of an hour
# on two cores. With 135 images of each class, mirroring and shifting keep teachers from memorising them (accuracy .32
# in training, .26 in testing).
_CIFAR_TEACHER = Recipe(epochs=20, batch_size=128, peak_rate=5e-3, mirror=True, shift=2)
_CIFAR_STUDENT = Recipe(epochs=8, batch_size=128, peak_rate=5e-3, mirror=True, shift=2)
# Twenty thousand images are twice the steps per pass of the subset of CIFAR-100, and clothes are easier: five passes.
# Four dimensions for ten labels, so that there is something to lose and little to draw.
_FASHION = Recipe(epochs=5, batch_size=128, peak_rate=5e-3)


def _three(quick: Preset, standard: Preset, paper: Preset) -> Mapping[str, Preset]:
    return MappingProxyType({"quick": quick, "standard": standard, "paper": paper})


def _spirals(name: str, predictions: str = "") -> Mapping[str, Preset]:
    standard = Preset(
        name, _PLANE, _PLANE, _SPIRALS, _SPIRALS, teachers=5, students=5,
        losses=(*LOSSES, "guaranteed_cca", "guaranteed_logits", "standardised"), predictions=predictions,
    )  # fmt: skip
    few = replace(_SPIRALS, epochs=60)
    return _three(
        # A quarter of the points: the arms are still resolved, and a minute is enough.
        replace(
            standard, options={"radii": 250}, teacher_recipe=few, student_recipe=few, teachers=3, students=3,
            losses=LOSSES,
        ),
        standard,
        replace(
            standard, teacher=_PAPER_PLANE, student=_PAPER_PLANE, teacher_recipe=replace(_SPIRALS_PAPER, epochs=500),
            student_recipe=_SPIRALS_PAPER, losses=("kl", "l1", "l2"),
        ),
    )  # fmt: skip


def _digits() -> Mapping[str, Preset]:
    quick = Preset(
        "digits", PLANE, PLANE, TEACHER, STUDENT, teachers=3, students=3,
        losses=(*LOSSES, "guaranteed_cca", "guaranteed_logits"),
        predictions="digits",
    )  # fmt: skip
    more = replace(
        quick,
        teachers=5,
        students=5,
        losses=(*LOSSES, "guaranteed_cca", "guaranteed_logits", "standardised", "dkd", "normkd"),
    )
    return _three(quick, more, replace(more, losses=("kl", "l1", "l2")))


def _rendered() -> Mapping[str, Preset]:
    network = ResidualNetwork(_SMALL, dimension=10)
    standard = Preset(
        "rendered", network, network, _RENDERED_TEACHER, _RENDERED_STUDENT, teachers=3, students=2,
        concept_weight=1.0, losses=(*LOSSES, "guaranteed_cca", "guaranteed_logits"), predictions="rendered",
    )  # fmt: skip
    # As many steps as a network needs to tell shapes at all, on a quarter of the images. It shows the effect; what was
    # predicted is of the grid it was registered for.
    few = replace(_RENDERED_TEACHER, epochs=20, batch_size=64)
    return _three(
        replace(
            standard, options={"count": 3000}, teacher_recipe=few, student_recipe=few, teachers=2, students=2,
            losses=("kl", "centred_l2"), predictions="",
        ),
        standard,
        replace(standard, teachers=5, students=5, losses=("kl", "l1", "l2")),
    )  # fmt: skip


def _cifar100() -> Mapping[str, Preset]:
    network = ResidualNetwork(_SMALL, dimension=50)
    standard = Preset(
        "cifar100", network, network, _CIFAR_TEACHER, _CIFAR_STUDENT, teachers=3, students=2,
        losses=(*LOSSES, "guaranteed_cca", "guaranteed_logits"), predictions="cifar100",
    )  # fmt: skip
    large = ResidualNetwork((64, 128, 256), dimension=50, stride=1)
    return _three(
        replace(
            standard, teacher_recipe=replace(_CIFAR_TEACHER, epochs=3),
            student_recipe=replace(_CIFAR_STUDENT, epochs=3), teachers=2, students=2, losses=("kl", "centred_l2"),
            predictions="",
        ),
        standard,
        # The paper's teacher is a ResNet-50 that has seen ImageNet, which is not to be had here.
        replace(
            standard, teacher=large, student=large, teacher_recipe=replace(_CIFAR_TEACHER, epochs=100),
            student_recipe=replace(_CIFAR_STUDENT, epochs=50), teachers=5, students=5, losses=("kl", "l1", "l2"),
        ),
    )  # fmt: skip


def _idx(name: str) -> Mapping[str, Preset]:
    network = ResidualNetwork(_SMALL, dimension=4)
    standard = Preset(
        name, network, network, _FASHION, _FASHION, teachers=3, students=2, options={"limit": 20_000},
    )  # fmt: skip
    few = replace(_FASHION, epochs=3)
    return _three(
        replace(standard, options={"limit": 5000}, teacher_recipe=few, student_recipe=few, teachers=2),
        standard,
        replace(standard, options={}, teachers=5, students=5, losses=("kl", "l1", "l2")),
    )


def _features() -> Mapping[str, Preset]:
    # The paper's head on features of 768 dimensions; features are fixed, so that nothing varies and epochs are cheap.
    head = Perceptron(hidden=(2048,), dimension=10)
    small = Perceptron(hidden=(512,), dimension=10)
    recipe = Recipe(epochs=50, batch_size=256, peak_rate=2e-3)
    standard = Preset("features", small, small, recipe, recipe, teachers=3, students=3, concept_weight=1.0)
    few = replace(recipe, epochs=20)
    return _three(
        replace(standard, teacher_recipe=few, student_recipe=few, teachers=2, students=2),
        standard,
        replace(standard, teacher=head, student=head, teachers=5, students=5, losses=("kl", "l1", "l2")),
    )


def _plain(name: str) -> Mapping[str, Preset]:
    """Return constants for a data set that has none of its own: those of digits.

    They suit some thousand inputs of some tens of numbers. No noise: what it is a fifth of is the range of a pixel.
    """
    teacher, student = replace(TEACHER, noise=0.0), replace(STUDENT, noise=0.0)
    quick = Preset(name, PLANE, PLANE, teacher, student, teachers=3, students=3)
    more = replace(quick, teachers=5, students=5)
    return _three(quick, more, more)


PRESETS: Mapping[str, Mapping[str, Preset]] = MappingProxyType(
    {name: _plain(name) for name in DATASETS}
    | {
        "spirals": _spirals("spirals", "spirals"),
        "spirals-interpolation": _spirals("spirals-interpolation"),
        "spirals-extrapolation": _spirals("spirals-extrapolation"),
        "spirals-few-labels": _spirals("spirals-few-labels"),
        "digits": _digits(),
        "rendered": _rendered(),
        "cifar100": _cifar100(),
        "fashion-mnist": _idx("fashion-mnist"),
        "idx": _idx("idx"),
        "features": _features(),
    }
)
"""By name of the experiment, which is that of its data set, and profile."""


def preset_named(experiment: str, profile: str) -> Preset:
    """Return the constants of an experiment.

    Raises
    ------
    InvalidInput
        If there is no such experiment or profile.
    """
    if experiment not in PRESETS:
        raise InvalidInput(f"experiment: expected one of {', '.join(PRESETS)}, saw {experiment!r}")
    if profile not in PROFILES:
        raise InvalidInput(f"profile: expected one of {', '.join(PROFILES)}, saw {profile!r}")
    return PRESETS[experiment][profile]
