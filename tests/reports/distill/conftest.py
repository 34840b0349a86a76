"""A small experiment that several modules look at: two losses, one of them a user's, on the digits."""

import pytest

from empirics.experiment import Plan, run
from empirics.losses.files import parse_losses
from empirics.networks import Perceptron
from empirics.presets import Preset
from empirics.training import Recipe
from reports.distill.page import render
from reports.distill.run import Report, remarks_on, report_on

MINE = '''
def my_own_loss(teacher, student):
    """Of <mine> & nobody else's."""
    return (teacher.softmax(-1) - student.softmax(-1)).square().sum()
'''
EPOCHS = Recipe(4, 128, 2e-2)
NET = Perceptron((8,), 2)


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Return the report on two teachers with two students each by either loss."""
    place = tmp_path_factory.mktemp("page")
    (place / "my_losses.py").write_text(MINE)
    losses = parse_losses(f"kl,{place / 'my_losses.py'}::my_own_loss")
    preset = Preset("digits", NET, NET, EPOCHS, EPOCHS, teachers=2, students=2, predictions="digits")
    grid = run(Plan("digits", "tiny", preset, losses), place / "checkpoints", workers=1)
    return report_on(grid, "logitbounds distill digits --losses 'a<b'", remarks_on(losses))


@pytest.fixture(scope="session")
def page(report: Report) -> str:
    """Return its page."""
    return render(report)
