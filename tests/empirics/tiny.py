"""An experiment that is as small as one can be and still have every part."""

from empirics.losses import Loss, loss_named
from empirics.networks import Perceptron
from empirics.presets import Preset
from empirics.training import Recipe

NET, EPOCHS = Perceptron((8,), 2), Recipe(4, 128, 2e-2)
TINY = Preset("digits", NET, NET, EPOCHS, EPOCHS, teachers=2, students=2)


def losses_named(*names: str) -> tuple[Loss, ...]:
    """Return losses of the registry, in this order."""
    return tuple(loss_named(name) for name in names)
