"""A small experiment that several modules look at: two losses, one of them a user's, on the digits."""

from dataclasses import replace

import pytest

from empirics.experiment import Plan, run
from empirics.losses.files import parse_losses
from reports.distill.page import render
from reports.distill.run import Report, remarks_on, report_on
from tests.empirics.tiny import TINY

MINE = '''
def my_own_loss(teacher, student):
    """Of <mine> & nobody else's."""
    return (teacher.softmax(-1) - student.softmax(-1)).square().sum()
'''


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Return the report on two teachers with two students each by either loss."""
    place = tmp_path_factory.mktemp("page")
    (place / "my_losses.py").write_text(MINE)
    losses = parse_losses(f"kl,{place / 'my_losses.py'}::my_own_loss")
    plan = Plan("digits", "tiny", replace(TINY, predictions="digits"), losses)
    grid = run(plan, place / "checkpoints", workers=1)
    return report_on(grid, "logitbounds distill digits --losses 'a<b'", remarks_on(losses))


@pytest.fixture(scope="session")
def page(report: Report) -> str:
    """Return its page."""
    return render(report)
