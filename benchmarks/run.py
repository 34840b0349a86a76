"""Run the benchmarks: ``python -m benchmarks.run`` (``make bench``), or with ``--quick`` on small sizes.

Single thread; each of ours is the median of five, and every ratio is measured within one run. Exit status 1 when a
target is missed; with ``--quick`` targets are printed and not enforced.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before NumPy is imported, which reads it once

import argparse
import statistics
import sys
import time
import tracemalloc
import warnings
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import straightforward
from theory import Model, canonical_correlations, identifiability_dissimilarity, squared_logit_distance


@dataclass(frozen=True)
class Sizes:
    """Sizes of the four comparisons."""

    logit_inputs: int
    subset_inputs: int
    labels: int
    dimension: int
    draws: int
    loop: int  # subsets for which the straightforward loop is really run; the rest is extrapolated
    correlation_inputs: int
    radii: int  # of the spirals' arms
    epochs: int  # really trained; the rest of the grid is extrapolated


# As CIFAR-100 has them: 50,000 and 10,000 inputs, a hundred labels, in fifty dimensions.
FULL = Sizes(50_000, 10_000, 100, 50, 20_000, 40, 10_000, 1000, 4)
QUICK = Sizes(2_000, 200, 12, 4, 500, 10, 300, 40, 1)  # runs in seconds, for the tests


@dataclass(frozen=True)
class Row:
    """One line of the table; `passed` is None where there is no target."""

    what: str
    peer: str
    ours: str
    measured: str
    target: str
    passed: bool | None


def judged(ratio, target):
    """Return the last three cells of a row that has a target for its ratio."""
    return f"{ratio:.1f}x" if ratio < 10 else f"{ratio:.0f}x", f">= {target}x", ratio >= target


def median_seconds(function, repeats=5):
    """Median wall time of a call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def arrays(n, k, m):
    """Two unrelated models as arrays."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in ((n, m), (k, m), (n, m), (k, m))]


def logit_distance_rows(sizes):
    """Compare the squared logit distance through moments with the full logits."""
    f, g, f2, g2 = arrays(sizes.logit_inputs, sizes.labels, sizes.dimension)
    a, b = Model(f, g), Model(f2, g2)
    ours = median_seconds(lambda: squared_logit_distance(Model(a.embeddings, g), Model(b.embeddings, g2)))
    bare = median_seconds(lambda: squared_logit_distance(a, b))
    peer = median_seconds(lambda: straightforward.squared_logit_distance(f, g, f2, g2))
    error = abs(squared_logit_distance(a, b) / straightforward.squared_logit_distance(f, g, f2, g2) - 1)
    what = f"d_logit, n={sizes.logit_inputs:,} k={sizes.labels} m={sizes.dimension}"
    return [
        Row(what, f"{peer * 1e3:.1f} ms full logits", f"{bare * 1e3:.1f} ms", *judged(peer / bare, 5)),
        Row("  with validation and copies", "", f"{ours * 1e3:.1f} ms", f"{peer / ours:.1f}x", "", None),
        Row("  relative difference", "", "", f"{error:.1e}", "<= 1e-10", error <= 1e-10),
    ]


def identifiability_rows(sizes):
    """Compare the sampled identifiability dissimilarity with loops over subsets."""
    f, g, f2, g2 = arrays(sizes.subset_inputs, sizes.labels, sizes.dimension)
    a, b = Model(f, g), Model(f2, g2)
    ours = median_seconds(lambda: identifiability_dissimilarity(a, b, subsets=sizes.draws))
    rng = np.random.default_rng(1)
    subsets = [rng.choice(sizes.labels, sizes.dimension + 1, replace=False) for _ in range(sizes.loop)]
    loops = {}
    for name, function in (
        ("per-row products", straightforward.subset_error),
        ("one product a subset", straightforward.subset_error_vectorised),
    ):
        start = time.perf_counter()
        for subset in subsets:
            function(f, g, f2, g2, subset)
        loops[name] = (time.perf_counter() - start) / sizes.loop * sizes.draws
    tracemalloc.start()
    identifiability_dissimilarity(a, b, subsets=sizes.draws)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    ratio, stronger = (loops[name] / ours for name in loops)
    what = f"d_rep, {sizes.draws:,} subsets, n={sizes.subset_inputs:,} k={sizes.labels} m={sizes.dimension}"
    return [
        Row(
            what,
            f"{loops['per-row products']:.1f} s loop, per-row products",
            f"{ours:.2f} s",
            *judged(ratio, 200),
        ),
        Row(
            "  the same",
            f"{loops['one product a subset']:.1f} s loop, matrix products",
            f"{ours:.2f} s",
            f"{stronger:.0f}x",
            "",
            None,
        ),
        Row("  peak memory", "", f"{peak:.0f} MB", "", "< 300 MB", peak < 300),
    ]


def correlated(n, m):
    """Two representations whose canonical correlations are known exactly: cosines of chosen angles, mixed by maps."""
    rng = np.random.default_rng(2)
    frame = rng.standard_normal((n, 2 * m))
    q = np.linalg.qr(frame - frame.mean(axis=0))[0]
    rho = np.linspace(0.99, 0.01, m)
    y = q[:, :m] * rho + q[:, m:] * np.sqrt(1 - rho**2)
    return (
        q[:, :m] @ (rng.standard_normal((m, m)) + 5 * np.eye(m)),
        y @ (rng.standard_normal((m, m)) + 5 * np.eye(m)),
        rho,
    )


def correlation_rows(sizes):
    """Compare canonical correlations with scikit-learn's iterative CCA."""
    x, y, rho = correlated(sizes.correlation_inputs, sizes.dimension)
    ours = median_seconds(lambda: canonical_correlations(x, y))
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it may not converge; its error is printed below
        theirs = straightforward.canonical_correlations(x, y)
    peer = time.perf_counter() - start
    error, their_error = np.abs(canonical_correlations(x, y) - rho).max(), np.abs(np.sort(theirs)[::-1] - rho).max()
    what = f"canonical correlations, n={sizes.correlation_inputs:,} m={sizes.dimension}"
    return [
        Row(
            what,
            f"{peer:.2f} s scikit-learn CCA",
            f"{ours * 1e3:.1f} ms",
            f"{peer / ours:.0f}x",
            ">= 100x",
            peer / ours >= 100,
        ),
        Row("  largest error", f"{their_error:.1e}", f"{error:.1e}", "", "<= 1e-10", error <= 1e-10),
    ]


def distillation_rows(sizes):
    """Compare the grid of the spirals experiment with the published settings in a plain loop, in core-seconds.

    Three teachers, each with three students by each of four losses: 3 and 36 networks. A plain loop takes 500 epochs
    for a teacher and 250 for a student; both sides are trained for a few epochs and extrapolated.
    """
    import torch

    from empirics.data.spirals import spirals
    from empirics.losses import loss_named
    from empirics.presets import preset_named
    from empirics.training import distil, train

    torch.set_num_threads(1)
    data, preset = spirals(0, radii=sizes.radii), preset_named("spirals", "standard")
    brief = (replace(recipe, epochs=sizes.epochs) for recipe in (preset.teacher_recipe, preset.student_recipe))
    teacher_recipe, student_recipe = brief
    master = train(data, preset.teacher, teacher_recipe, [0])
    pupils = distil(master.network, loss_named("l2"), data, preset.student, student_recipe, [1, 2, 3])
    epoch, student_epoch = master.core_seconds / sizes.epochs, pupils.core_seconds / sizes.epochs / 3
    ours = 3 * preset.teacher_recipe.epochs * epoch + 36 * preset.student_recipe.epochs * student_epoch
    inputs = torch.tensor(data.train.inputs)
    with torch.no_grad():
        logits = master.network(inputs[None])[0]
    start = time.process_time()
    straightforward.distilled_epochs(inputs, logits, sizes.epochs)
    plain = (time.process_time() - start) / sizes.epochs
    peer = (3 * 500 + 36 * 250) * plain
    return [
        Row(
            f"spirals, 3 teachers, 36 students, {data.train.n:,} points",
            f"{peer:.0f} core-s, published settings",
            f"{ours:.0f} core-s",
            *judged(peer / ours, 20),
        ),
        Row("  one epoch of one student", f"{plain:.3f} core-s", f"{student_epoch:.3f} core-s",
            f"{plain / student_epoch:.1f}x", "", None),
    ]  # fmt: skip


def main(arguments=None):
    """Print the table; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, targets not enforced")
    options = parser.parse_args(arguments)
    sizes = QUICK if options.quick else FULL
    rows = [
        *logit_distance_rows(sizes),
        *identifiability_rows(sizes),
        *correlation_rows(sizes),
        *distillation_rows(sizes),
    ]
    table = Table(title="Single thread, median of five, ratios within this run", title_justify="left")
    for heading in ("what", "straightforward", "ours", "ratio", "target", ""):
        table.add_column(heading)
    for row in rows:
        mark = "" if row.passed is None else "ok" if row.passed else "missed"
        table.add_row(row.what, row.peer, row.ours, row.measured, row.target, mark)
    Console(width=140).print(table)
    return int(not options.quick and any(row.passed is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
