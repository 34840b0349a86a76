"""Predictions registered before an experiment was run, and what its grid of teachers and students says to them.

The TOML files beside this module are the registered predictions, one file per experiment; they were committed before
the experiments ran and are not changed afterwards. `register` reads them, `judge` holds them against intervals.
"""

from empirics.predictions.judge import Judged, Part, Ruling, grid_of, judge, summary
from empirics.predictions.register import (
    Prediction,
    Registration,
    load_registration,
    registered_experiments,
)

__all__ = [
    "Judged",
    "Part",
    "Prediction",
    "Registration",
    "Ruling",
    "grid_of",
    "judge",
    "load_registration",
    "registered_experiments",
    "summary",
]
