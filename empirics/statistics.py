r"""Intervals for experiments in which T teacher seeds are crossed with S student seeds.

The values of one loss and measure form a grid v[t, s]: student s distilled from teacher t. What is asked about is the
mean over teachers and students not yet trained, mu in the crossed random-effects model

.. math:: v_{ts} = \mu + a_t + b_s + e_{ts},

with independent effects of variances :math:`\sigma_a^2, \sigma_b^2, \sigma_e^2`. Values that share a teacher (or a
student seed) are dependent, so T S of them are worth fewer: with :math:`\theta_A = S\sigma_a^2 + \sigma_e^2` and
:math:`\theta_B = T\sigma_b^2 + \sigma_e^2`, the expected mean squares of teachers and of students,

.. math:: \mathrm{Var}(\bar v) = (\theta_A + \theta_B - \sigma_e^2) / (T S).

**The interval** is a studentised parametric bootstrap with three levels (`half_width`). A replicate draws

1. the variances, from their fiducial distribution given the mean squares, theta = mean square * df / chi^2_df, with
   theta_A and theta_B not below sigma_e^2 (generalised inference: a component of two degrees of freedom is hardly
   known, and a bootstrap that takes its estimate, clipped at zero, for the truth falls to 89 %);
2. teachers and students with these variances, and
3. residuals; of these it needs the mean and the three mean squares, which are independent, normal and chi^2.

It forms t* = |mean* - mu| / se*, and the interval is the mean -+ the quantile of t* times se. As this is a quantile of
a studentised statistic, any se would do if the variances were known; the one chosen is that on which t* depends least,
se^2 = w_A MS_A + w_B MS_B - min(w) MS_E / 4, and not below half of the first two terms, w the cube of the t quantile on
T - 1 or S - 1 degrees of freedom (with squares: Cochran's weights, under which teachers alone and students alone have
the same critical value). The usual MS_A + MS_B - MS_E may be near zero by chance, which costs up to five points.
The quarter and the cube were chosen by simulation. This se vanishes where all teachers have the same mean and all
students too, so the interval is never narrower than a third of that for the residual alone; more would cover more
than 97 % where the residual dominates.

**Coverage** of nominal 95 %, in per cent, 4,000 simulated experiments a cell (one standard error is .35):

==================  ======  ======  ======  ======  ======  ======  ======
shares              2 x 2   2 x 3   2 x 5   3 x 3   3 x 5   5 x 5  10 x 10
==================  ======  ======  ======  ======  ======  ======  ======
.9  / .05 / .05       94.3    93.2    94.4    93.8    94.2    94.6    94.9
.05 / .9  / .05       93.7    95.6    97.2    93.8    95.3    94.8    94.5
.05 / .05 / .9        96.5    96.2    96.4    95.7    96.1    95.3    94.8
1/3 / 1/3 / 1/3       95.5    95.2    95.8    96.1    96.2    95.8    95.2
.8  / .1  / .1        94.8    94.2    94.9    94.3    94.4    95.1    94.6
.1  / .8  / .1        94.2    96.0    96.9    94.7    96.0    94.9    94.6
.1  / .1  / .8        96.4    95.9    95.7    95.5    96.0    94.8    95.0
.5  / .5  / 0         97.9    97.7    97.9    96.8    96.8    96.3    95.1
.5  / 0   / .5        95.3    94.4    95.2    94.1    93.6    93.7    94.0
0   / .5  / .5        95.5    95.6    95.8    93.7    94.2    94.2    94.2
.2  / 0   / .8        96.4    95.3    95.5    95.5    94.9    94.8    93.7
1   / 0   / 0         95.1    94.9    95.1    94.7    94.7    95.0    94.5
0   / 1   / 0         94.4    94.9    95.2    94.4    94.8    94.9    94.9
0   / 0   / 1         97.2    96.4    96.5    95.8    96.0    95.9    95.5
==================  ======  ======  ======  ======  ======  ======  ======

Shares are those of teachers, students and residual in the variance of one value. All cells are within 93 and 97 but
some with two teachers or two students: without any residual (to 98), with nothing else (97.2), or where the other,
larger side dominates (97.2). None of the methods tried covers 95 % everywhere, as which variance dominates has to be
learnt from a handful of values. Satterthwaite's t covers up to 100 % where the residual dominates. With 3 x 3
values, percentiles of resampled values cover 60 to 83 %, of resampled teachers and students 78 to 94 %.

**Effects that are not Gaussian** (2 x 2, 3 x 3, 3 x 5, 5 x 5; lowest and highest over the shares .8 / .1 / .1 in any
order and 1/3 each). Heavy tails, Student's t on 3 degrees of freedom: 95 to 97. Light ones, uniform: 92 to 96. Skewed
ones, exponential: 89 to 94; one in five far from the rest: 72 to 94. The mean, on the linear scale, of lognormal values
(s.d. 1 of the logarithm): 82 to 90; of values that crowd below 1, as accuracies do (logistic-normal): 80 to 91. An
interval from three teachers cannot know of a tail that they do not show, and misses on its side: means of scores near
1 are rather lower, those of errors near 0 rather higher than it says. Positive measures belong on the log scale, where
lognormal ones are exact.

References
----------
- F. E. Satterthwaite (1946), An approximate distribution of estimates of variance components.
- W. G. Cochran (1964), Approximate significance levels of the Behrens-Fisher test.
- S. Weerahandi (1993), Generalized confidence intervals.
- A. C. Davison, D. V. Hinkley (1997), Bootstrap Methods and their Application, sections 2.4 and 3.8.
- A. B. Owen (2007), The pigeonhole bootstrap: rows and columns resampled.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from jaxtyping import Float

from empirics.data.dataset import require_seed
from theory.errors import InvalidInput

Scale: TypeAlias = Literal["linear", "log"]
"""On which values are averaged: as they are, or by their logarithms."""

Grid: TypeAlias = Float[np.ndarray, "T S"]
"""One value per teacher (rows) and student seed (columns)."""

REPLICATES = 9_999
"""The quantile of so many replicates is off by .2 points of coverage (one standard error)."""

_BLOCK = 1 << 17  # numbers held at once by each temporary: more would leave the cache


@dataclass(frozen=True)
class Interval:
    """A two-sided confidence interval for the mean over new teachers and new students.

    Attributes
    ----------
    mean
        Arithmetic for scale "linear", geometric for "log".
    low, high
        Ends, on the scale of the values; None where the grid cannot tell, which `reason` then explains.
    level
        Nominal coverage.
    scale
        "log" for ratios and for values that span magnitudes.
    teachers, students
        T and S.
    reason
        Why there are no ends, or empty.
    """

    mean: float
    low: float | None
    high: float | None
    level: float
    scale: Scale
    teachers: int
    students: int
    reason: str = ""

    @property
    def ends(self) -> tuple[float, float] | None:
        """Low and high, or None where they are not known."""
        return None if self.low is None or self.high is None else (self.low, self.high)


class MeanSquares(NamedTuple):
    """Mean squares of the balanced two-way layout without repetition, each of shape (...).

    Attributes
    ----------
    teacher, student, residual
        On T - 1, S - 1 and (T - 1)(S - 1) degrees of freedom.
    """

    teacher: Float[np.ndarray, "*batch"]
    student: Float[np.ndarray, "*batch"]
    residual: Float[np.ndarray, "*batch"]


class EffectSize(NamedTuple):
    """How large a difference is beside the spread of single networks.

    Attributes
    ----------
    standardised
        Mean difference over the standard deviation of one network's value, pooled over the two grids: in units of
        what another teacher, another student seed and chance do together. Infinite where nothing else varies.
    superiority
        Share of (teacher, student) pairs in which the first is larger, ties counted half: 1/2 for no effect.
    """

    standardised: float
    superiority: float


def interval(
    values: Grid,
    scale: Scale = "linear",
    bounds: tuple[float, float] | None = None,
    level: float = 0.95,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Interval:
    """Return a confidence interval for the mean over new teachers and new students.

    Parameters
    ----------
    values
        Shape (T, S), finite; positive for scale "log". Grids must be complete: the caller leaves out teachers or
        seeds that were not run.
    scale
        "log" averages logarithms, for positive measures that span magnitudes; ends are transformed back.
    bounds
        Least and greatest value possible; the ends are clipped to them.
    level
        Nominal coverage, in (0, 1).
    replicates, seed
        Of the bootstrap; they determine the result together with the values.

    Returns
    -------
    Interval
        Without ends if T = 1 or S = 1: the spread between teachers, or between students, cannot be estimated from one.
        Where all values are equal it is that value alone. It says that no spread was seen, not that there is none:
        something that happens to one teacher in five is missed by three teachers in half of all experiments.

    Raises
    ------
    InvalidInput
        If an argument is not as described; in particular if a value is None or nan.

    Notes
    -----
    Coverage is tabulated in the docstring of the module, which describes the method.
    """
    _require_setting(scale, level, replicates)
    grid = _require_grid("values", values, scale)
    lowest, highest = _require_bounds(bounds, grid)
    centre, teachers, students = _grand_mean(grid, scale), *grid.shape
    described = functools.partial(Interval, level=level, scale=scale, teachers=teachers, students=students)
    if reason := _too_few(teachers, students):
        return described(_back(centre, scale), None, None, reason=reason)
    half = float(half_width(_forth(grid, scale), level, replicates, seed))
    if half == 0:  # transforming back and forth would round
        return described(float(grid[0, 0]), float(grid[0, 0]), float(grid[0, 0]))
    low, high = _back(centre - half, scale), _back(centre + half, scale)
    return described(_back(centre, scale), max(low, lowest), min(high, highest))


def paired_difference(
    first: Grid,
    second: Grid,
    scale: Scale = "linear",
    level: float = 0.95,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Interval:
    """Return an interval for the mean of first - second, or for scale "log" of the ratio first / second.

    Parameters
    ----------
    first, second
        Shape (T, S), on the same teachers and student seeds in the same order: what a teacher does to both cancels.
    scale, level, replicates, seed
        As for `interval`.

    Raises
    ------
    InvalidInput
        If an argument is not as described, or the shapes differ.
    """
    _require_setting(scale, level, replicates)
    a, b = _require_pair(first, second, scale)
    if scale == "linear":
        return interval(a - b, "linear", None, level, replicates, seed)
    found = interval(np.log(a) - np.log(b), "linear", None, level, replicates, seed)
    low, high = (None if end is None else _back(end, "log") for end in (found.low, found.high))
    return Interval(_back(found.mean, "log"), low, high, level, "log", found.teachers, found.students, found.reason)


def effect_size(first: Grid, second: Grid, scale: Scale = "linear") -> EffectSize:
    """Return two sizes of the paired effect of replacing the second by the first.

    Parameters
    ----------
    first, second
        As for `paired_difference`, T and S at least 2.
    scale
        "log" compares logarithms.

    Raises
    ------
    InvalidInput
        If an argument is not as described.

    References
    ----------
    - J. Cohen (1988), Statistical Power Analysis: d, here with the variance components of a crossed design.
    - K. O. McGraw, S. P. Wong (1992), A common language effect size statistic.
    """
    _require_scale(scale)
    a, b = (_forth(grid, scale) for grid in _require_pair(first, second, scale))
    _require_crossed("first", a)
    difference = float((a - b).mean())
    pooled = math.sqrt((_total_variance(a) + _total_variance(b)) / 2)
    standardised = difference / pooled if pooled > 0 else math.copysign(math.inf, difference) if difference else 0.0
    return EffectSize(standardised, float(((a > b) + 0.5 * (a == b)).mean()))


def mean_squares(values: Float[np.ndarray, "*batch T S"]) -> MeanSquares:
    """Analyse the variance of grids with T, S >= 2; zero exactly where all values are equal."""
    teachers, students = values.shape[-2:]
    # About a value, not about zero: equal values then leave no rounding behind.
    about = values - values[..., :1, :1]
    grand = about.mean((-2, -1), keepdims=True)
    rows, columns = about.mean(-1, keepdims=True) - grand, about.mean(-2, keepdims=True) - grand
    return MeanSquares(
        students * np.square(rows).sum((-2, -1)) / (teachers - 1),
        teachers * np.square(columns).sum((-2, -1)) / (students - 1),
        np.square(about - grand - rows - columns).sum((-2, -1)) / ((teachers - 1) * (students - 1)),
    )


def half_width(
    values: Float[np.ndarray, "*batch T S"], level: float = 0.95, replicates: int = REPLICATES, seed: int = 0
) -> Float[np.ndarray, "*batch"]:
    """Half the width of the interval about the mean, for a batch of grids; see the docstring of the module.

    Parameters
    ----------
    values
        Grids with T, S >= 2, finite. They share the random numbers, so that a grid has the same interval in any batch.
    level, replicates, seed
        As for `interval`.
    """
    teachers, students = values.shape[-2:]
    squares = np.stack(np.broadcast_arrays(*mean_squares(values)))
    flat = squares.reshape(3, -1)
    draws = _draws(teachers, students, replicates, require_seed(seed))
    weights = _weights(draws, level)
    size = max(1, _BLOCK // replicates)
    critical = np.concatenate(
        [_critical(flat[:, i : i + size], draws, weights, level) for i in range(0, flat.shape[1], size)]
    )
    squared_error = _studentiser(MeanSquares(*flat), weights) / (teachers * students)
    # Where the mean squares of teachers and students are near zero by chance, the residual still limits what is known.
    least = _quantile(draws.mean, level) / 3 * np.sqrt(flat[2] / (teachers * students))
    half: np.ndarray = np.maximum(critical * np.sqrt(squared_error), least)
    return half.reshape(squares.shape[1:])


class _Draws(NamedTuple):
    """Standard draws, each of shape (R,): chi^2 over their degrees of freedom, twice, and absolute normals."""

    mean: Float[np.ndarray, " R"]
    fiducial: MeanSquares
    squares: MeanSquares


@functools.lru_cache(maxsize=16)
def _draws(teachers: int, students: int, replicates: int, seed: int) -> _Draws:
    generator = np.random.default_rng(seed)
    freedom = (teachers - 1, students - 1, (teachers - 1) * (students - 1))

    def squares() -> MeanSquares:
        return MeanSquares(*(generator.chisquare(df, replicates) / df for df in freedom))

    return _Draws(np.abs(generator.standard_normal(replicates)), squares(), squares())


def _weights(draws: _Draws, level: float) -> tuple[float, float]:
    """Cubes of the t quantiles on T - 1 and S - 1 degrees of freedom, from the draws, the larger scaled to 1."""
    cubes = [_quantile(draws.mean / np.sqrt(square), level) ** 3 for square in draws.squares[:2]]
    return float(cubes[0] / max(cubes)), float(cubes[1] / max(cubes))


def _studentiser(squares: MeanSquares, weights: tuple[float, float]) -> np.ndarray:
    """Return the squared standard error, times T S, that makes the quantile of t depend least on the variances."""
    upper = weights[0] * squares.teacher + weights[1] * squares.student
    return np.maximum(upper - min(weights) * squares.residual / 4, upper / 2)


def _critical(
    squares: Float[np.ndarray, "3 n"], draws: _Draws, weights: tuple[float, float], level: float
) -> Float[np.ndarray, " n"]:
    """Quantiles of the studentised mean over replicates of the whole experiment."""
    observed = squares / np.where(
        squares.max(0) > 0, squares.max(0), 1
    )  # t has no scale, and squares of it no overflow
    a, b, e = (square[:, None] / drawn for square, drawn in zip(observed, draws.fiducial, strict=True))
    a, b = np.maximum(a, e), np.maximum(b, e)
    replicated = MeanSquares(*(theta * drawn for theta, drawn in zip((a, b, e), draws.squares, strict=True)))
    error = _studentiser(replicated, weights)
    # Without spread there is no statistic and no need of one: the width is zero whatever the quantile.
    t = draws.mean * np.sqrt((a + b - e) / np.where(error > 0, error, 1))
    return _quantile(t, level)


def _quantile(t: Float[np.ndarray, "*batch R"], level: float) -> np.ndarray:
    """Return the order statistic with which a further draw is covered with probability `level`, or just more."""
    size = t.shape[-1]
    rank = min(size, math.ceil(level * (size + 1) - 1e-9))
    return np.partition(t, rank - 1, axis=-1)[..., rank - 1]


def _total_variance(values: Grid) -> float:
    """Unbiased variance of one value; never negative, being a positive combination of mean squares."""
    teachers, students = values.shape
    a, b, e = mean_squares(values)
    return float(a / students + b / teachers + (1 - 1 / students - 1 / teachers) * e)


def _forth(values: np.ndarray, scale: Scale) -> np.ndarray:
    return np.log(values) if scale == "log" else values


def _back(value: float, scale: Scale) -> float:
    if scale == "linear":
        return value
    return math.exp(value) if value < math.log(np.finfo(float).max) else math.inf


def _grand_mean(values: Grid, scale: Scale) -> float:
    on_scale = _forth(values, scale)
    return float(on_scale[0, 0] + (on_scale - on_scale[0, 0]).mean())  # exact where all are equal


def _too_few(teachers: int, students: int) -> str:
    few = [name for name, count in (("teacher", teachers), ("student seed", students)) if count == 1]
    return f"one {' and one '.join(few)}: the spread between {'s and '.join(few)}s is not known" if few else ""


def _require_grid(name: str, values: Grid, scale: Scale) -> Grid:
    try:
        grid = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{name}: expected an array of numbers, saw {values!r}") from error
    if grid.ndim != 2 or grid.size == 0:
        raise InvalidInput(f"{name}: expected shape (teachers, students), both at least 1, saw shape {grid.shape}")
    if not np.isfinite(grid).all():
        t, s = np.argwhere(~np.isfinite(grid))[0]
        raise InvalidInput(f"{name}: expected finite numbers, saw {grid[t, s]} at teacher {t}, student {s}")
    if scale == "log" and not (grid > 0).all():
        t, s = np.argwhere(grid <= 0)[0]
        raise InvalidInput(f"{name}: expected positive numbers for scale 'log', saw {grid[t, s]} at ({t}, {s})")
    return grid


def _require_crossed(name: str, grid: Grid) -> Grid:
    if min(grid.shape) < 2:
        raise InvalidInput(f"{name}: expected two teachers and two students at least, saw shape {grid.shape}")
    return grid


def _require_pair(first: Grid, second: Grid, scale: Scale) -> tuple[Grid, Grid]:
    a, b = _require_grid("first", first, scale), _require_grid("second", second, scale)
    if a.shape != b.shape:
        raise InvalidInput(f"second: expected the shape {a.shape} of first, saw {b.shape}")
    return a, b


def _require_scale(scale: Scale) -> None:
    if scale not in get_args(Scale):
        raise InvalidInput(f"scale: expected 'linear' or 'log', saw {scale!r}")


def _require_setting(scale: Scale, level: float, replicates: int) -> None:
    _require_scale(scale)
    if not 0 < level < 1:
        raise InvalidInput(f"level: expected a number between 0 and 1, saw {level!r}")
    if type(replicates) is not int or replicates < 1 or level > replicates / (replicates + 1):
        raise InvalidInput(f"replicates: expected an integer of at least level / (1 - level), saw {replicates!r}")


def _require_bounds(bounds: tuple[float, float] | None, grid: Grid) -> tuple[float, float]:
    if bounds is None:
        return -math.inf, math.inf
    lowest, highest = bounds
    if not lowest < highest:
        raise InvalidInput(f"bounds: expected the lower one first, saw {bounds!r}")
    if grid.min() < lowest or grid.max() > highest:
        raise InvalidInput(f"bounds: expected to hold all values, saw {bounds!r} for {grid.min()} to {grid.max()}")
    return lowest, highest
