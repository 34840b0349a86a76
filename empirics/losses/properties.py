"""What a loss must be to train with, and what it declares of itself, checked on random logits.

No check knows what a loss is meant to measure: which way round a divergence goes is a matter of known answers.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from empirics.losses.registry import Logits, Loss, Scalar

Check: TypeAlias = Callable[[Loss, torch.Generator], Iterator[str]]

_CLEAR = 1e-9  # of the loss's usual size: what is below is zero
_STEP = 1e-4  # of the norm of the student's logits: too short for curvature to undo, far above rounding


def check_loss(loss: Loss, seed: int = 0) -> list[str]:
    """Return what is wrong with a loss, one line each.

    Parameters
    ----------
    loss
        What to examine; it is evaluated some hundred times, on up to 80 inputs.
    seed
        Of the logits. Torch's random state is left as it was.

    Returns
    -------
    list of str
        Empty if nothing was found. That a loss returns no scalar, or fails, is reported alone.
    """
    problems: list[str] = []
    with torch.random.fork_rng(devices=[]):
        for name, check in CHECKS.items():
            generator = torch.Generator().manual_seed(seed)
            try:
                problems += [f"{name}: {problem}" for problem in check(loss, generator)]
            except Exception as error:
                problems.append(f"{name}: raised {type(error).__name__}: {' '.join(str(error).split())}")
            if problems and name == "scalar":
                break
    return problems


@dataclass(frozen=True, eq=False)
class Case:
    """Logits on which a loss is evaluated.

    Attributes
    ----------
    what
        They are, in words.
    teacher, student
        A batch, (n, k).
    population
        The teacher on all training inputs, (N, k).
    """

    what: str
    teacher: Logits
    student: Logits
    population: Logits

    def value(self, loss: Loss) -> Scalar:
        """Evaluate the loss on clones: it may keep or change what it is given."""
        return loss.fitted(self.population.clone())(self.teacher.clone(), self.student.clone())

    def value_and_gradient(self, loss: Loss) -> tuple[Scalar, Tensor | None]:
        """Return the value and its gradient in the student's logits, None if it does not depend on them."""
        student = self.student.clone().requires_grad_()
        # Not the leaf itself: a loss that writes to it is found out by what it writes, not by an error of autograd.
        value = loss.fitted(self.population.clone())(self.teacher.clone(), student * 1)
        if not value.requires_grad:
            return value, None
        (gradient,) = torch.autograd.grad(value, student, allow_unused=True)
        return value.detach(), gradient


def generic(
    generator: torch.Generator, n: int = 8, k: int = 5, scale: float = 1.0, dtype: torch.dtype = torch.float64
) -> Case:
    """Return Gaussian logits: all labels differ, no distribution is near one-hot at scale 1."""
    teacher, student, others = (
        (scale * torch.randn(rows, k, generator=generator, dtype=torch.float64)).to(dtype) for rows in (n, n, 64)
    )
    return Case(f"random logits of size {scale:g}, n = {n}, k = {k}", teacher, student, torch.cat([teacher, others]))


def hard_cases(generator: torch.Generator) -> Iterator[Case]:
    """Return logits in float32 at which formulas overflow, divide by zero or take the root of zero."""
    for n, k, scale in ((8, 5, 1e-4), (8, 5, 1.0), (8, 5, 100.0), (8, 5, 1e4), (1, 5, 1.0), (8, 2, 1.0), (1, 2, 1e4)):
        case = generic(generator, n, k, scale, torch.float32)
        yield case
        yield Case(f"{case.what}, student = teacher", case.teacher, case.teacher, case.population)
        yield Case(f"{case.what}, student = -teacher", case.teacher, -case.teacher, case.population)
        constant, everywhere = torch.full_like(case.teacher, scale), torch.full_like(case.population, scale)
        yield Case(f"{case.what}, constant student", case.teacher, constant, case.population)
        yield Case(f"{case.what}, constant teacher", constant, case.student, case.population)
        yield Case(
            f"{case.what}, every teacher constant", constant, case.student, torch.full_like(case.population, scale)
        )
        yield Case(f"{case.what}, all constant", constant, constant, everywhere)
        certain = torch.full_like(case.teacher, -1e4)
        certain[:, 0] = 1e4
        population = torch.cat([certain, case.population])
        yield Case(f"{case.what}, one-hot teacher", certain, case.student, population)
        yield Case(f"{case.what}, one-hot student", case.teacher, certain, case.population)
        yield Case(f"{case.what}, one-hot both", certain, certain, population)
        yield Case(f"{case.what}, contradicting one-hots", certain, -certain, population)


def behaviour(loss: Loss) -> str:
    """Return a hash of what a loss says of fixed logits, values and gradients to nine digits.

    Two losses of one source may differ, by a constant that was closed over or read from the environment: where this is
    the same too, they may share what was trained.
    """
    digest = hashlib.sha256(loss.spec.rpartition("::")[2].encode())
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]):
        for k, scale in ((2, 1.0), (5, 0.1), (5, 3.0), (7, 30.0), (12, 1.0)):
            case = generic(generator, k=k, scale=scale)
            student = case.student.clone().requires_grad_()
            torch.manual_seed(0)  # of losses that draw
            value = loss.fitted(case.population)(case.teacher, student)
            slopes = torch.autograd.grad(value, student, allow_unused=True)[0] if value.requires_grad else None
            numbers = [float(value.detach()), *([] if slopes is None else slopes.flatten().tolist())]
            digest.update(" ".join(f"{number:.9e}" for number in numbers).encode())
    return digest.hexdigest()


# --------------------------------------------------------------------------- what every loss must be


def _scalar(loss: Loss, generator: torch.Generator) -> Iterator[str]:
    for dtype in (torch.float32, torch.float64):
        value: object = generic(generator, dtype=dtype).value(loss)
        if not isinstance(value, Tensor):
            yield f"expected a tensor, saw {type(value).__name__}"
        elif value.shape != ():
            yield f"expected a scalar, saw shape {tuple(value.shape)}"
        elif value.dtype != dtype:
            yield f"expected {dtype} for logits of it, saw {value.dtype}"


def _finite(loss: Loss, generator: torch.Generator) -> Iterator[str]:
    for case in hard_cases(generator):
        value, gradient = case.value_and_gradient(loss)
        if not math.isfinite(value.item()):
            yield f"the value is {value.item()} ({case.what})"
        elif gradient is not None and not bool(torch.isfinite(gradient).all()):
            yield f"the gradient is not finite ({case.what})"


def _differentiable(loss: Loss, generator: torch.Generator) -> Iterator[str]:
    case = generic(generator)
    value, gradient = case.value_and_gradient(loss)
    if gradient is None:
        yield "has no gradient in the student's logits"
        return
    steepness = float(gradient.norm())
    if steepness == 0:
        yield "the gradient vanishes at random logits"
        return
    # Some losses hold factors fixed on purpose, so only the direction is asked for, not the size.
    step = _STEP * float(case.student.norm())
    lower = Case("", case.teacher, case.student - step * gradient / steepness, case.population).value(loss)
    if not float(lower) < float(value):
        yield "a small step against the gradient does not lower the value"


def _mean_over_inputs(loss: Loss, generator: torch.Generator) -> Iterator[str]:
    case = generic(generator)
    rows = [
        Case("", case.teacher[i : i + 1], case.student[i : i + 1], case.population).value(loss)
        for i in range(len(case.teacher))
    ]
    whole, mean = float(case.value(loss)), float(torch.stack(rows).mean())
    if abs(whole - mean) > 1e-5 * max(abs(whole), *(abs(float(row)) for row in rows)):
        yield f"a batch of {len(rows)} costs {whole:.6g}, its inputs one by one {mean:.6g} on average"


def _deterministic(loss: Loss, generator: torch.Generator) -> Iterator[str]:
    case = generic(generator)
    values = {float(case.value(loss)) for _ in range(3)}
    if len(values) > 1:
        yield f"the same logits cost {min(values)!r} and {max(values)!r}"


def _leaves_its_arguments(loss: Loss, generator: torch.Generator) -> Iterator[str]:
    case = generic(generator)
    teacher, student, population = case.teacher.clone(), case.student.clone(), case.population.clone()
    loss.fitted(population)(teacher, student)
    for name, now, before in (
        ("teacher", teacher, case.teacher),
        ("student", student, case.student),
        ("teacher on all inputs", population, case.population),
    ):
        if not torch.equal(now, before):
            yield f"changes the logits of the {name}"


# --------------------------------------------------------------------------- what it declares


def _zero_set(loss: Loss, generator: torch.Generator) -> Iterator[str]:
    if loss.zero_set == "none":
        return
    case = generic(generator)
    z = case.teacher
    usual = float(case.value(loss))
    shift = 10 * torch.randn(len(z), 1, generator=generator, dtype=z.dtype)

    def is_zero(student: Logits, what: str, expected: bool) -> Iterator[str]:
        value = float(Case("", z, student, case.population).value(loss))
        if expected and not abs(value) <= _CLEAR * usual:
            yield f"declared to vanish at {what}, is {value:.6g} there"
        if not expected and not value > _CLEAR * usual:
            yield f"declared not to vanish at {what}, is {value:.6g} there"

    yield from is_zero(case.student, "random logits", False)
    yield from is_zero(z, "student = teacher", True)
    yield from is_zero(z + shift, "student = teacher + a shift of each input", loss.zero_set != "logits")
    yield from is_zero(5 * z + 7, "student = 5 teacher + 7", loss.zero_set == "scale")
    for label in range(z.shape[1]):
        only = torch.zeros_like(z)
        only[:, label] = 0.1
        yield from is_zero(z + only, f"student = teacher but for label {label}", False)
    _, gradient = Case("", z, z, case.population).value_and_gradient(loss)
    _, elsewhere = case.value_and_gradient(loss)
    # Next to a zero a smooth loss is flat, and of a loss with a kink the gradient there is zero by convention.
    if gradient is not None and elsewhere is not None and float(gradient.norm()) > 1e-6 * float(elsewhere.norm()):
        yield f"the gradient at student = teacher is {float(gradient.norm()):.3g}, not zero"


def _shift_invariant(loss: Loss, generator: torch.Generator) -> Iterator[str]:
    if loss.shift_invariant is None:
        return
    case = generic(generator)
    shift = 10 + torch.randn(len(case.teacher), 1, generator=generator, dtype=torch.float64)
    before, after = (
        float(Case("", case.teacher, s, case.population).value(loss)) for s in (case.student, case.student + shift)
    )
    moved = abs(after - before) > 1e-5 * abs(before)
    if loss.shift_invariant and moved:
        yield f"declared not to see shifts of the student's logits, goes from {before:.6g} to {after:.6g}"
    if not loss.shift_invariant and not moved:
        yield "declared to see shifts of the student's logits, does not"


CHECKS: dict[str, Check] = {
    "scalar": _scalar,
    "finite": _finite,
    "differentiable": _differentiable,
    "mean over inputs": _mean_over_inputs,
    "deterministic": _deterministic,
    "arguments": _leaves_its_arguments,
    "zero set": _zero_set,
    "shift invariance": _shift_invariant,
}
"""What is checked, by name; the first decides whether the others make sense."""
