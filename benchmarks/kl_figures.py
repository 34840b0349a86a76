r"""Figures and tables of docs/kl.md: ``python -m benchmarks.kl_figures``.

On handwritten digits, embedded in the plane: thresholds below which no top label changes, quadratic forms on either
side of KL, bounds on embeddings input by input, and students of KL at temperatures from 1 to 16, with what each of them
is worth at all of these temperatures. Trains for a few minutes on one core.
"""

import argparse
import dataclasses
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from empirics.data.digits import digits
from empirics.digits_pairs import digits_pairs
from empirics.losses import Loss
from empirics.losses.softmax import heated_kl
from empirics.networks import Network, evaluate
from empirics.presets import PLANE, STUDENT, TEACHER
from empirics.training import Recipe, device, distil, train
from reports.shared.figures.palette import BLUE, GREEN, GREY, INK, VERMILION
from reports.shared.figures.plots import STYLE, logarithmic
from theory import Model, Pair, embedding_bounds, flip_threshold, kl_divergence, mean_cca, squared_logit_distance
from theory.measures.distances import log_probability_ratio, pointwise_kl_divergence

TEMPERATURES = (1.0, 2.0, 4.0, 8.0, 16.0)
EPOCHS = (5, 10, 20, 40, 80, 150)  # of students, each with a whole cycle of its learning rate
COPIES = 3  # students a temperature
LOSSES = ("kl", "l1", "l2")
_COLOURS = {"kl": VERMILION, "l1": GREEN, "l2": BLUE}
_TRUSTED = 1e-13  # eigenvalues below this share of the largest one may be rounding
_DPI = 110  # 80 kB a figure at most

Values = Float[np.ndarray, " n"]

# --------------------------------------------------------------------------- input by input


def cooled(pair: Pair, temperature: float) -> Pair:
    """Return the pair with the logits of both models divided by a temperature."""
    return Pair(*(Model(model.embeddings / temperature, model.unembeddings) for model in (pair.a, pair.b)))


def quadratic_forms(pair: Pair) -> tuple[Values, Values]:
    """Return (1/2) Delta^T Sigma_w Delta, w = min(p, p'), and (1/2) sum max(p, p') t^2: on either side of KL (T15)."""
    t = log_probability_ratio(pair)
    p, q = pair.a.probabilities, pair.b.probabilities
    w = np.minimum(p, q)
    centred = t - np.sum(w * t, axis=1, keepdims=True) / np.sum(w, axis=1, keepdims=True)
    return np.sum(w * centred**2, axis=1) / 2, np.sum(np.maximum(p, q) * t**2, axis=1) / 2


def teacher_variance(pair: Pair) -> Values:
    """Var_p(Delta), p the teacher's probabilities."""
    delta, p = pair.logit_difference, pair.a.probabilities
    return np.sum(p * (delta - np.sum(p * delta, axis=1, keepdims=True)) ** 2, axis=1)


def information(directions: Float[np.ndarray, "k m"], weights: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n m m"]:
    """Return D^T Sigma_w D for some directions of logits: of an embedding, if they are the centred unembeddings."""
    mean = weights @ directions / np.sum(weights, axis=1, keepdims=True)
    rows = np.sqrt(weights)[:, :, None] * (directions[None] - mean[:, None])
    return np.swapaxes(rows, 1, 2) @ rows


def least_eigenvalues(matrices: Float[np.ndarray, "n m m"]) -> Values:
    """Return the smallest eigenvalues; zero where they may be rounding."""
    values = np.linalg.eigvalsh(matrices)
    return np.where(values[:, 0] > _TRUSTED * values[:, -1], values[:, 0], 0.0)


def orders_by_floor(pair: Pair, temperature: float) -> Values:
    """Return log10 of 2 T^2 KL_T/tau_T over ||Delta||^2, tau_T the smallest probability of an input."""
    cool = cooled(pair, temperature)
    smallest = np.minimum(*(model.log_probabilities.min(axis=1) for model in (cool.a, cool.b)))
    return _orders(pair, temperature, smallest)


def orders_by_rank(pair: Pair, temperature: float) -> Values:
    """Return the same with the least eigenvalue of Sigma_w on the directions that either head has, for tau_T."""
    cool = cooled(pair, temperature)
    heads = np.hstack([pair.a.centred_unembeddings, pair.b.centred_unembeddings])
    basis = np.linalg.svd(heads, full_matrices=False)[0]
    w = np.minimum(cool.a.probabilities, cool.b.probabilities)
    with np.errstate(divide="ignore"):
        return _orders(pair, temperature, np.log(least_eigenvalues(information(basis, w))))


def _orders(pair: Pair, temperature: float, log_least: Values) -> Values:
    divergence = 2 * temperature**2 * pointwise_kl_divergence(cooled(pair, temperature))
    squared = np.sum(np.square(pair.logit_difference), axis=1)
    return (np.log(divergence) - log_least - np.log(squared)) / math.log(10.0)


def embedding_shares(pair: Pair, temperature: float = 1.0) -> Values:
    """Return the bounds that KL at a temperature gives, over ||f||^2."""
    cool = cooled(pair, temperature)
    squared = temperature**2 * embedding_bounds(cool.a, cool.b)
    return squared / np.sum(np.square(pair.a.embeddings), axis=1)


def alignment_shares(pair: Pair) -> Values:
    """Return ||f - A* f'||^2 over ||f||^2."""
    error = np.sum(np.square(pair.logit_difference @ pair.a.unembedding_pseudo_inverse.T), axis=1)
    return error / np.sum(np.square(pair.a.embeddings), axis=1)


def certified(pair: Pair) -> Float[np.ndarray, " n"]:
    """Return where KL is below the threshold, so that both models name the same top label (T14)."""
    return pointwise_kl_divergence(pair) < flip_threshold(pair.a)


def disagreement_bound(pair: Pair) -> float:
    """Return the largest share of inputs whose top label can differ, from the mean KL alone (T14)."""
    cheapest = np.cumsum(np.sort(flip_threshold(pair.a)))
    return float(np.mean(cheapest <= pair.n * kl_divergence(pair.a, pair.b)))


def agreement(pair: Pair) -> float:
    """Return the share of inputs on which both models name the same top label."""
    return float(np.mean(np.argmax(pair.a.centred_logits, axis=1) == np.argmax(pair.b.centred_logits, axis=1)))


# --------------------------------------------------------------------------- temperatures


@dataclass(frozen=True)
class Taught:
    """Students of one loss on the inputs that they were trained on and on others, one pair for each copy."""

    name: str
    seen: tuple[Pair, ...]
    unseen: tuple[Pair, ...]


@dataclass(frozen=True)
class School:
    """A teacher of digits and the means to train students of it by any loss; all of one seed."""

    dataset: Any
    master: Network
    seeds: tuple[int, ...]
    recipe: Recipe

    @classmethod
    def of(cls, seed: int, teacher: Recipe = TEACHER, student: Recipe = STUDENT) -> "School":
        """Train the teacher of `digits_pairs` with this seed; the first student starts as those there do."""
        for_split, for_teacher, for_student = (int(word) for word in np.random.SeedSequence(seed).generate_state(3))
        dataset = digits(for_split)
        master = train(dataset, PLANE, teacher, [for_teacher]).network
        return cls(dataset, master, (for_student, *range(1, COPIES)), student)

    def taught(self, name: str, function: Callable[[Tensor, Tensor], Tensor]) -> Taught:
        """Train students by a loss."""
        pupils = distil(self.master, Loss(function=function, name=name), self.dataset, PLANE, self.recipe, self.seeds)
        parts = []
        for inputs in (self.dataset.train.inputs, self.dataset.test.inputs):
            rows = torch.tensor(inputs).to(device())
            model = evaluate(self.master, rows)[0]
            parts.append(tuple(Pair(model, learnt) for learnt in evaluate(pupils.network, rows)))
        return Taught(name, *parts)


def at_temperature(temperature: float) -> Callable[[Tensor, Tensor], Tensor]:
    """Return T^2 KL_T(teacher || student)."""
    return lambda teacher, student: heated_kl(teacher, student, temperature)


def scheduled(first: float, then: float, calls: int) -> Callable[[Tensor, Tensor], Tensor]:
    """Return a loss at one temperature for its first calls and at another from then on."""
    seen = [0]

    def loss(teacher: Tensor, student: Tensor) -> Tensor:
        seen[0] += 1
        return heated_kl(teacher, student, first if seen[0] <= calls else then)

    return loss


def sweep(school: School) -> dict[str, Taught]:
    """Train students at every temperature, and at two of them one after the other."""
    taught = {f"{t:g}": school.taught(f"kl_at_{t:g}", at_temperature(t)) for t in TEMPERATURES}
    batches = math.ceil(
        len(school.dataset.train.inputs) / (school.recipe.batch_size or len(school.dataset.train.inputs))
    )
    half = school.recipe.epochs * batches * len(school.seeds) // 2  # a call for each copy and step
    for first, then in ((4.0, 1.0), (1.0, 4.0)):
        name = f"{first:g} then {then:g}"
        taught[name] = school.taught(f"kl_{first:g}_then_{then:g}", scheduled(first, then, half))
    return taught


# --------------------------------------------------------------------------- tables


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return "\n".join([_row(head), _row(["---", *["---:"] * (len(head) - 1)]), *map(_row, rows)])


def table_of_pairs(pairs: Mapping[str, Pair]) -> str:
    """Return what KL guarantees of each student, without a floor and with one."""
    rows = []
    for name, pair in pairs.items():
        shares, osc = embedding_shares(pair), np.ptp(pair.logit_difference, axis=1).max()
        kl = kl_divergence(pair.a, pair.b)
        squared = squared_logit_distance(pair.a, pair.b)
        rows.append([
            name, f"{kl:.4f}", f"{agreement(pair):.3f}", f"{np.mean(certified(pair)):.3f}",
            f"{1 - disagreement_bound(pair):.3f}", f"{teacher_variance(pair).mean():.3f}", f"{(2 + osc) * kl:.2f}",
            f"{squared:.1f}", f"{np.median(orders_by_floor(pair, 1.0)):.0f}", f"{np.mean(shares < 1):.3f}",
            f"{np.mean(shares < 0.1):.3f}", f"{mean_cca(pair.a.embeddings, pair.b.embeddings):.3f}",
        ])  # fmt: skip
    head = (
        "student", "KL", "agreement", "certified", "at least, by mean KL", "E Var_p(Delta)", "(2 + R) KL", "d_logit^2",
        "orders of its bound by the floor, median", "bound < ||f||^2", "bound < .1 ||f||^2", "m_CCA",
    )  # fmt: skip
    return _table(head, rows)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _known(orders: float) -> str:
    return f"{orders:.1f}" if math.isfinite(orders) else "beyond float64"


def table_of_temperatures(taught: Mapping[str, Taught]) -> str:
    """Return, for each temperature, where the teacher's mass lies and what its students are worth and guaranteed."""
    rows = []
    for t in TEMPERATURES:
        pairs = taught[f"{t:g}"].unseen
        p = cooled(pairs[0], t).a
        third = np.sort(p.probabilities, axis=1)[:, -3]
        least = least_eigenvalues(information(p.centred_unembeddings, p.probabilities))
        shares = [embedding_shares(pair, t) for pair in pairs]
        rows.append([
            f"{t:g}", f"{np.median(third):.1g}", f"{math.exp(p.log_min_probability):.0e}", f"{np.median(least):.1g}",
            " ".join(f"{mean_cca(pair.a.embeddings, pair.b.embeddings):.3f}" for pair in pairs),
            f"{_mean([squared_logit_distance(pair.a, pair.b) for pair in pairs]):.0f}",
            f"{_mean([float(np.median(orders_by_floor(pair, t))) for pair in pairs]):.1f}",
            _known(_mean([float(np.median(orders_by_rank(pair, t))) for pair in pairs])),
            f"{_mean([float(np.mean(share < 1)) for share in shares]):.2f}",
            f"{_mean([float(np.mean(share < 0.1)) for share in shares]):.2f}",
        ])  # fmt: skip
    head = (
        "T", "third label, median", "least label", "lambda_min, median", "m_CCA of three students", "d_logit^2",
        "orders of its bound by the floor, median", "by rank, median", "bound < ||f||^2", "bound < .1 ||f||^2",
    )  # fmt: skip
    return _table(head, rows)


def table_of_divergences(taught: Mapping[str, Taught]) -> str:
    """Return T^2 KL_T on the inputs of training, for students of every temperature and at every temperature."""
    rows = []
    for name, students in taught.items():
        heated = [
            _mean([t**2 * float(pointwise_kl_divergence(cooled(pair, t)).mean()) for pair in students.seen])
            for t in TEMPERATURES
        ]
        alike = " ".join(f"{mean_cca(pair.a.embeddings, pair.b.embeddings):.3f}" for pair in students.unseen)
        shares = _mean([float(np.mean(embedding_shares(pair) < 1)) for pair in students.unseen])
        rows.append([name, *(f"{value:.3g}" for value in heated), alike, f"{shares:.2f}"])
    head = ("trained at T", *(f"T = {t:g}" for t in TEMPERATURES), "m_CCA, test", "bound at T = 1 < ||f||^2, test")
    return _table(head, rows)


# --------------------------------------------------------------------------- figures


def save(out: Path, name: str, size: tuple[float, float], draw: Callable[[Any], None]) -> Path:
    """Draw on white and write a PNG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    path = out / f"{name}.png"
    with mpl.rc_context(
        {**STYLE, "figure.facecolor": "white", "axes.facecolor": "white", "savefig.facecolor": "white"}
    ):
        figure = Figure(figsize=size, dpi=_DPI)
        draw(figure)
        figure.savefig(path)
    return path


def _thresholds(pairs: Mapping[str, Pair]) -> Callable[[Any], None]:
    def draw(figure: Any) -> None:
        axis = figure.subplots()
        doubt = np.geomspace(1e-6, 0.4999, 400)  # a coin: two labels have all of the probability
        coin = (1 - doubt) * np.log(2 * (1 - doubt)) + doubt * np.log(2 * doubt)
        axis.plot(doubt, coin, color=GREY, linewidth=1.0, label="threshold if two labels have it all")
        pair = pairs["l2"]
        rest = np.maximum(1 - pair.a.probabilities.max(axis=1), 1e-6)
        for name, shape in (("kl", "x"), ("l2", "+")):
            found = pointwise_kl_divergence(pairs[name])
            axis.plot(rest, found, shape, color=_COLOURS[name], markersize=4, label=f"KL of the {name} student")
        axis.plot(rest, flip_threshold(pair.a), ".", color=INK, markersize=4, label="threshold of an input")
        logarithmic(axis, "x", (8e-7, 1.1))
        logarithmic(axis, "y", (1e-8, 20.0))
        axis.set(xlabel="1 - top probability of the teacher", ylabel="KL, nats")
        axis.legend(loc="lower right")

    return draw


def _forms(pairs: Mapping[str, Pair]) -> Callable[[Any], None]:
    def draw(figure: Any) -> None:
        for axis, name in zip(figure.subplots(1, 2), ("l2", "kl"), strict=True):
            kl = pointwise_kl_divergence(pairs[name])
            for form, colour, words in zip(
                quadratic_forms(pairs[name]), (BLUE, VERMILION), ("lower form", "upper form"), strict=True
            ):
                axis.plot(kl, form, ".", color=colour, markersize=3, label=words)
            axis.plot((1e-10, 1e2), (1e-10, 1e2), color=INK, linewidth=0.9, label="KL")
            logarithmic(axis, "x", (1e-8, 1e1))
            logarithmic(axis, "y", (1e-10, 1e3))
            axis.set(xlabel="KL of an input", title=f"{name} student")
            axis.legend(loc="upper left")

    return draw


def _curves(runs: Mapping[int, Mapping[str, Pair]]) -> Callable[[Any], None]:
    def draw(figure: Any) -> None:
        axis = figure.subplots()
        every = []
        for name in ("kl", "l2"):
            found, colour = [pairs[name] for pairs in runs.values()], _COLOURS[name]
            kl = [kl_divergence(pair.a, pair.b) for pair in found]
            shares = [float(np.mean(certified(pair))) for pair in found]
            axis.plot(kl, shares, "o-", color=colour, label=f"{name} students, certified")
            axis.plot(kl, [agreement(pair) for pair in found], "s", color=colour, markerfacecolor="white",
                      label=f"{name} students, agreeing")  # fmt: skip
            for i, epochs in ((0, min(runs)), (-1, max(runs))):
                place = {"textcoords": "offset points", "xytext": (4, -11), "color": colour}
                axis.annotate(str(epochs), (kl[i], shares[i]), **place)
            every += kl
        logarithmic(axis, "x", (min(every) / 1.3, max(every) * 1.3))
        axis.set(xlabel="mean KL of test inputs; numbers: epochs of training", ylabel="share of inputs", ylim=(0, 1.03))
        axis.legend(loc="lower left")

    return draw


def _embeddings(pairs: Mapping[str, Pair]) -> Callable[[Any], None]:
    def draw(figure: Any) -> None:
        axis = figure.subplots()
        for name in LOSSES:
            pair = pairs[name]
            height = (np.arange(pair.n) + 1) / pair.n
            axis.plot(np.sort(embedding_shares(pair)), height, color=_COLOURS[name], label=f"{name}: bound")
            axis.plot(np.sort(alignment_shares(pair)), height, ":", color=_COLOURS[name], label=f"{name}: truth")
        axis.axvline(1.0, color=GREY, linewidth=0.9)
        axis.text(2.0, 0.03, "vacuous from here on", color=GREY)
        logarithmic(axis, "x", (1e-7, 1e9))
        axis.set(ylim=(0, 1.02), ylabel="share of inputs below",
                 xlabel="||f - A* f'||² over ||f||², and its bound from KL at T = 1")  # fmt: skip
        axis.legend(loc="upper left")

    return draw


def _temperatures(taught: Mapping[str, Taught]) -> Callable[[Any], None]:
    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        students = [taught[f"{t:g}"].unseen for t in TEMPERATURES]
        for i in range(len(students[0])):
            alike = [mean_cca(pairs[i].a.embeddings, pairs[i].b.embeddings) for pairs in students]
            left.plot(TEMPERATURES, alike, "o", color=BLUE, label="m_CCA of a student" if i == 0 else None)
        for at, look in ((None, "s-"), (1.0, "^:")):
            shares = [
                _mean([float(np.mean(embedding_shares(pair, at or t) < 1)) for pair in pairs])
                for t, pairs in zip(TEMPERATURES, students, strict=True)
            ]
            words = "the same T" if at is None else "T = 1"
            left.plot(TEMPERATURES, shares, look, color=VERMILION, markersize=4, label=f"certified by KL at {words}")
        left.set_xscale("log", base=2)
        left.set_xticks(TEMPERATURES, [f"{t:g}" for t in TEMPERATURES])
        left.set(xlabel="temperature of training", ylabel="m_CCA, share of inputs", ylim=(0, 1.05))
        left.legend(loc="lower right")
        for t, colour in zip(TEMPERATURES, (INK, VERMILION, GREEN, BLUE, GREY), strict=True):
            p = cooled(students[0][0], t).a
            least = np.sort(least_eigenvalues(information(p.centred_unembeddings, p.probabilities)))
            right.plot(least, (np.arange(p.n) + 1) / p.n, color=colour, label=f"T = {t:g}")
        logarithmic(right, "x", (1e-10, 3.0))
        right.set(ylim=(0, 1.02), ylabel="share of inputs below", xlabel="least information, teacher at T")
        right.legend(loc="upper left")

    return draw


# --------------------------------------------------------------------------- the whole


def study(out: Path, seed: int, teacher: Recipe = TEACHER, student: Recipe = STUDENT,
          epochs: Sequence[int] = EPOCHS) -> list[str]:  # fmt: skip
    """Train, write the figures into a directory and return the tables."""
    out.mkdir(parents=True, exist_ok=True)

    def students_of(recipe: Recipe) -> dict[str, Pair]:
        found = digits_pairs(seed, losses=LOSSES, teacher=teacher, student=recipe)
        return {one.name: one.pair for one in found}

    pairs = students_of(student)
    runs = {count: students_of(dataclasses.replace(student, epochs=count)) for count in epochs}
    taught = sweep(School.of(seed, teacher, student))
    save(out, "kl_thresholds", (6.4, 3.8), _thresholds(pairs))
    save(out, "kl_forms", (7.2, 3.5), _forms(pairs))
    save(out, "kl_certified", (6.4, 3.6), _curves(runs))
    save(out, "kl_embeddings", (6.4, 3.6), _embeddings(pairs))
    save(out, "kl_temperatures", (7.2, 3.4), _temperatures(taught))
    return [table_of_pairs(pairs), table_of_temperatures(taught), table_of_divergences(taught)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the figures and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/images"), help="where the figures go")
    parser.add_argument("--seed", type=int, default=0, help="of the split, the teacher and the students")
    options = parser.parse_args(arguments)
    print("\n\n".join(study(options.out, options.seed)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
