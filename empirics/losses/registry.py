"""What a distillation loss is, what is declared of it, and where losses are found by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args, overload

import torch
from jaxtyping import Float
from torch import Tensor

from empirics.losses.sources import fingerprint_of
from theory.errors import InvalidInput

Logits: TypeAlias = Float[Tensor, "n k"]
Scalar: TypeAlias = Float[Tensor, ""]
ZeroSet: TypeAlias = Literal["logits", "distribution", "scale", "none"]

_BUILT_IN = __name__.rpartition(".")[0] + "."


@dataclass(frozen=True)
class Loss:
    """A loss between a teacher's and a student's logits on the same inputs, and what is declared of it.

    What is declared is checked by `empirics.losses.properties.check_loss`.

    Attributes
    ----------
    function
        Takes the teacher's and the student's raw logits, both (n, k), in this order, then what `prepare` returned
        if there is a `prepare`; returns the mean over the n inputs of what each of them costs.
    name, title
        How commands and reports call it.
    zero_set
        Where the loss vanishes: "logits", if and only if the raw logits are equal; "distribution", if and only if
        the softmaxes are; "scale", also on logits a z + c that are no teacher's z; "none", if the minimum is not
        zero or nothing is known.
    shift_invariant
        Whether adding a constant to all logits of an input, one for each input, changes nothing, in the student's
        logits; None if unknown.
    bounds_logit_distance
        How the loss bounds d_logit, with constants of the models; None if it does not or if nothing is known.
    prepare
        From the teacher's logits on all training inputs, (N, k) in float64, to what the function needs of them: a
        tensor, or tuples or dictionaries of tensors. None if the function needs nothing.
    spec
        What `empirics.losses.files.loss_from_spec` finds the loss by: its name or ``/path/to/file.py::name``.
    fingerprint
        SHA-256 of the source that computes the loss: where this is the same, so is the loss.
    """

    function: Callable[..., Scalar]
    name: str
    title: str = ""
    zero_set: ZeroSet = "none"
    shift_invariant: bool | None = None
    bounds_logit_distance: str | None = None
    prepare: Callable[[Logits], Any] | None = None
    spec: str = ""
    fingerprint: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name.isidentifier()):
            raise InvalidInput(f"name: expected a loss to be called by a Python name, saw {self.name!r}")
        if not callable(self.function) or isinstance(self.function, type):
            raise InvalidInput(f"{self.name}: expected a function, saw {type(self.function).__name__}")
        if self.zero_set not in get_args(ZeroSet):
            raise InvalidInput(
                f"{self.name}: zero_set: expected one of {', '.join(get_args(ZeroSet))}, saw {self.zero_set!r}"
            )
        if self.prepare is not None and not callable(self.prepare):
            raise InvalidInput(f"{self.name}: prepare: expected a function, saw {type(self.prepare).__name__}")
        taken = ("teacher", "student") if self.prepare is None else ("teacher", "student", "prepared")
        if not _takes(self.function, len(taken)):
            raise InvalidInput(
                f"{self.name}: expected a function of ({', '.join(taken)}), saw {inspect.signature(self.function)}"
            )
        # Defaults that depend on other fields of a frozen dataclass have to be set past it.
        if not self.spec:
            object.__setattr__(self, "spec", self.name)
        if not self.fingerprint:
            object.__setattr__(self, "fingerprint", fingerprint_of(self.function))

    @property
    def built_in(self) -> bool:
        """Whether it comes with this library."""
        registered = _REGISTRY.get(self.name)
        ours = str(getattr(self.function, "__module__", "")).startswith(_BUILT_IN)
        return ours and registered is not None and registered.function is self.function

    def __call__(self, teacher: Logits, student: Logits) -> Scalar:
        """Evaluate the loss.

        Raises
        ------
        InvalidInput
            If the logits are not of one shape (n, k) and one dtype, float32 or float64, or the loss has to be fitted
            to a teacher first.
        """
        _require_logits(teacher, student)
        if self.prepare is not None:
            raise InvalidInput(f"{self.name}: needs its teacher on all training inputs: call fitted(teacher_logits)")
        return self.function(teacher, student)

    def fitted(self, teacher: Float[Tensor, "N k"]) -> Callable[[Logits, Logits], Scalar]:
        """Return the loss for one teacher.

        Parameters
        ----------
        teacher
            Its logits on all training inputs, of which means and covariances are taken in float64.

        Returns
        -------
        callable
            The loss itself, unless it has a `prepare`; then a function of batches of the same kind.

        Raises
        ------
        InvalidInput
            If the logits are not a matrix of finite floating-point numbers with at least two labels.
        """
        if not (isinstance(teacher, Tensor) and teacher.ndim == 2 and teacher.is_floating_point()):
            raise InvalidInput(f"teacher: expected logits (N, k) in floating point, saw {_kind(teacher)}")
        if teacher.shape[0] < 1 or teacher.shape[1] < 2:
            raise InvalidInput(f"teacher: expected an input and two labels at least, saw shape {tuple(teacher.shape)}")
        if not bool(torch.isfinite(teacher).all()):
            raise InvalidInput("teacher: expected finite logits, saw infinite ones or nan")
        if self.prepare is None:
            return self
        with torch.no_grad():
            return Fitted(self, self.prepare(teacher.detach().double()), teacher.shape[1])

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Travel by name where another process finds the loss by it."""
        if self.built_in:
            return registered_again, (self.name, self.fingerprint)
        return super().__reduce_ex__(protocol)


def unchanged(loss: Loss, fingerprint: str) -> Loss:
    """Return a loss that was found again, in another process.

    Raises
    ------
    InvalidInput
        If its source has changed.
    """
    if loss.fingerprint != fingerprint:
        raise InvalidInput(f"{loss.spec}: the source has changed since this loss was loaded")
    return loss


def registered_again(name: str, fingerprint: str) -> Loss:
    """Find a loss of this library again, in another process.

    Raises
    ------
    InvalidInput
        If there is no such loss any more, or its source has changed.
    """
    return unchanged(loss_named(name), fingerprint)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A loss that knows its teacher on all training inputs.

    Attributes
    ----------
    loss
        What was fitted.
    prepared
        What the loss needs of the teacher, in float64; cast to the dtype of the logits when used.
    k
        Number of labels.
    """

    loss: Loss
    prepared: Any
    k: int

    def __call__(self, teacher: Logits, student: Logits) -> Scalar:
        """Evaluate the loss.

        Raises
        ------
        InvalidInput
            If the logits are not of one shape (n, k), with the k of the fit, and one dtype, float32 or float64.
        """
        _require_logits(teacher, student)
        if teacher.shape[1] != self.k:
            raise InvalidInput(f"teacher: expected {self.k} labels, as in the fit, saw {teacher.shape[1]}")
        return self.loss.function(teacher, student, _cast(self.prepared, teacher))


def _cast(value: Any, like: Tensor) -> Any:
    """Cast what is in floating point to the dtype and device of a tensor, through tuples, lists and dictionaries."""
    if isinstance(value, Tensor):
        return value.to(like) if value.is_floating_point() else value.to(like.device)
    if isinstance(value, Mapping):
        return {name: _cast(item, like) for name, item in value.items()}
    if isinstance(value, tuple | list):
        items = [_cast(item, like) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def _require_logits(teacher: Tensor, student: Tensor) -> None:
    if teacher.shape != student.shape:  # broadcasting would compare every input with every other
        raise InvalidInput(
            f"student: expected logits of the teacher's shape {tuple(teacher.shape)}, saw {tuple(student.shape)}"
        )
    if teacher.ndim != 2 or teacher.numel() == 0:
        raise InvalidInput(f"teacher: expected logits (n, k), saw shape {tuple(teacher.shape)}")
    if teacher.dtype != student.dtype:
        raise InvalidInput(f"student: expected logits of the teacher's {teacher.dtype}, saw {student.dtype}")
    if teacher.dtype not in (torch.float32, torch.float64):
        raise InvalidInput(f"teacher: expected logits in float32 or float64, saw {teacher.dtype}")


def _kind(value: object) -> str:
    return f"{tuple(value.shape)} in {value.dtype}" if isinstance(value, Tensor) else type(value).__name__


def _takes(function: Callable[..., Any], count: int) -> bool:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # compiled functions may have none
        return True
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


# --------------------------------------------------------------------------- the registry

_REGISTRY: dict[str, Loss] = {}
_aside: list[dict[str, Loss]] = []


@overload
def distillation_loss(function: Callable[..., Scalar], /) -> Loss: ...


@overload
def distillation_loss(
    *,
    zero_set: ZeroSet = ...,
    shift_invariant: bool | None = ...,
    bounds_logit_distance: str | None = ...,
    prepare: Callable[[Logits], Any] | None = ...,
) -> Callable[[Callable[..., Scalar]], Loss]: ...


def distillation_loss(
    function: Callable[..., Scalar] | None = None,
    /,
    *,
    zero_set: ZeroSet = "none",
    shift_invariant: bool | None = None,
    bounds_logit_distance: str | None = None,
    prepare: Callable[[Logits], Any] | None = None,
) -> Loss | Callable[[Callable[..., Scalar]], Loss]:
    """Register a function of (teacher logits, student logits) as a loss under the function's name.

    The first line of its docstring becomes the title. Use it as it is, or with what is known of the loss::

        @distillation_loss(zero_set="logits", shift_invariant=False)
        def mine(teacher, student): ...


        @distillation_loss(prepare=torch.cov)
        def ours(teacher, student, prepared): ...

    Parameters
    ----------
    function
        What to register.
    zero_set, shift_invariant, bounds_logit_distance, prepare
        As in `Loss`; by default nothing is known, and nothing prepared.

    Raises
    ------
    InvalidInput
        If the name is taken, the function does not take two arguments (three with `prepare`), or a property is none.
    """

    def register(function: Callable[..., Scalar]) -> Loss:
        loss = Loss(
            function,
            getattr(function, "__name__", ""),
            title_of(function),
            zero_set,
            shift_invariant,
            bounds_logit_distance,
            prepare,
        )
        target = _aside[-1] if _aside else _REGISTRY
        if loss.name in _REGISTRY or loss.name in target:
            raise InvalidInput(f"{loss.name}: a loss of this name is registered already")
        target[loss.name] = loss
        return loss

    return register if function is None else register(function)


def title_of(function: Callable[..., Any]) -> str:
    """Return the first line of a function's docstring, or nothing."""
    own = getattr(function, "__doc__", None) if inspect.isroutine(function) else None
    return inspect.cleandoc(own or "").split("\n")[0]


@contextmanager
def registering_aside() -> Iterator[Mapping[str, Loss]]:
    """Collect what is registered inside the block, instead of adding it to the registry; its names stay taken."""
    _aside.append({})
    try:
        yield MappingProxyType(_aside[-1])
    finally:
        _aside.pop()


def losses() -> Mapping[str, Loss]:
    """Return every registered loss by name, read-only."""
    return MappingProxyType(_REGISTRY)


def loss_named(name: str) -> Loss:
    """Return the loss registered under `name`.

    Raises
    ------
    InvalidInput
        If there is none; the message lists those there are.
    """
    if name not in _REGISTRY:
        raise InvalidInput(f"loss: expected one of {', '.join(sorted(_REGISTRY))}, saw {name!r}")
    return _REGISTRY[name]
