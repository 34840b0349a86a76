"""What could not be tested, and why: looked for once, by hand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Untested:
    """A package that has measures of likeness and no adapter here."""

    name: str
    version: str
    why: str


LOOKED_ON = "2026-11-24"

UNTESTED = (
    Untested("netrep", "", "Not on PyPI: it installs from its repository only."),
    Untested(
        "similarity-repository", "0.0.1",
        "pip refuses it: it depends on netrep by URL, which PyPI does not allow distributions to do.",
    ),
    Untested(
        "deep-reps", "0.0.6",
        "`import deep_reps` raises ModuleNotFoundError: it imports open_clip, which is not among its dependencies and "
        "needs torchvision.",
    ),
    Untested(
        "pyrcca", "0.2",
        "`CCA.train` raises TypeError with SciPy 1.17.1: it passes `eigvals` to scipy.linalg.eigh, which SciPy has "
        "removed.",
    ),
    Untested("cka-pytorch", "1.1.3", "Needs torchvision and lightning; torchvision was left out."),
    Untested("simtorch", "0.2.1", "Needs torchvision, which was left out."),
    Untested("ultimate-anatome", "0.1.1", "Needs torchvision, which was left out."),
    Untested("thingsvision", "2.7.3", "Needs numpy < 2, tensorflow < 2.16 and torchvision 0.15.2."),
    Untested("mvlearn", "0.5.0", "Needs matplotlib <= 3.3.4, which has no build for Python 3.11."),
    Untested("psrs", "0.1.0", "Trains a network for each value: a random procedure, not a function of two embeddings."),
    Untested("scib-validity", "0.3.0", "Has CKA inside a simulation of its null distribution only."),
    Untested("mne-rsa", "1.0", "Not tried: needs MNE, PyVista and Qt."),
    Untested("neurora", "2.0.1", "Not tried: needs MNE, nilearn and nibabel."),
    Untested("dadapy", "0.3.4", "Not tried: built from source."),
    Untested("rsa3", "3.0.0.post20201106", "Not tried: the predecessor of rsatoolbox."),
)  # fmt: skip
