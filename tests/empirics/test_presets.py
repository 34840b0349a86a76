"""Constants of experiments: a data set that is registered has some from then on."""

import pytest

from empirics.data.registry import DATASETS
from empirics.losses import losses
from empirics.presets import PRESETS, PROFILES, preset_named


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_is_an_experiment(name):
    for profile in PROFILES:
        preset = preset_named(name, profile)
        assert preset.dataset == name
        assert set(preset.losses) <= set(losses())
        assert set(preset.options) <= set(DATASETS[name].options)


def test_none_but_those_have_constants():
    assert set(PRESETS) == set(DATASETS)
