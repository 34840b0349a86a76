import inspect
from pathlib import Path

import pytest

from empirics.data.dataset import Dataset
from empirics.data.registry import DATASETS, dataset_named
from tests.processes import python
from theory import InvalidInput

OF_A_FOLDER = [name for name, source in DATASETS.items() if source.needs_folder]
MADE_HERE = [name for name, source in DATASETS.items() if not source.needs_folder]
SMALL = {name: {"radii": 40} for name in MADE_HERE if name.startswith("spirals")} | {"rendered": {"count": 500}}


def test_imports_no_heavy_library() -> None:
    code = (
        "import sys, empirics.data.registry; "
        "print([name for name in ('sklearn', 'scipy', 'torch', 'safetensors') if name in sys.modules])"
    )
    assert python(code).stdout.strip() == "[]"


@pytest.mark.parametrize("name", DATASETS)
def test_sources_say_what_they_are(name: str) -> None:
    source = DATASETS[name]
    assert source.name == name
    assert source.title
    assert all(option.meaning for option in source.options.values())


def test_is_read_only() -> None:
    with pytest.raises(TypeError):
        DATASETS["mine"] = DATASETS["digits"]  # type: ignore[index]
    with pytest.raises(TypeError):
        DATASETS["spirals"].options["mine"] = 1  # type: ignore[index]


@pytest.mark.parametrize("name", MADE_HERE)
def test_makes_the_data(name: str) -> None:
    options = SMALL.get(name, {})
    data = dataset_named(name, 3, **options)
    assert isinstance(data, Dataset)
    assert data.name.startswith(name)
    assert data.fingerprint == dataset_named(name, 3, None, **options).fingerprint
    assert data.fingerprint != dataset_named(name, 4, **options).fingerprint


@pytest.mark.parametrize("name", DATASETS)
def test_options_are_those_of_the_functions(name: str) -> None:
    source = DATASETS[name]
    parameters = inspect.signature(source.read).parameters
    defaults = {each: value.default for each, value in parameters.items()}
    assert defaults.pop("seed") == 0
    assert (defaults.pop("folder", None) is inspect.Parameter.empty) == source.needs_folder
    assert {option: value.default for option, value in source.options.items()} == defaults


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(InvalidInput, match=r"expected one of .*digits.*, spirals-few-labels, .*, saw 'spiral'"):
        dataset_named("spiral")


def test_unknown_options_are_named() -> None:
    with pytest.raises(InvalidInput, match=r"those of 'spirals-few-labels' are per_label, radii, saw arms, turns"):
        dataset_named("spirals-few-labels", arms=3, radii=20, turns=1)
    with pytest.raises(InvalidInput, match=r"those of 'digits' are none, saw radii"):
        dataset_named("digits", radii=20)


@pytest.mark.parametrize("name", MADE_HERE)
def test_refuses_a_folder_it_does_not_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=rf"--data-dir: expected nothing, as '{name}' reads no files"):
        dataset_named(name, folder=tmp_path)


@pytest.mark.parametrize("name", OF_A_FOLDER)
def test_asks_for_a_folder(name: str) -> None:
    with pytest.raises(InvalidInput, match=rf"--data-dir: expected where the data of '{name}' are, saw nothing. ."):
        dataset_named(name)
