"""The typed ways in which a question about a pair of models has no answer."""


class InvalidInput(ValueError):
    """An argument is not what it must be: the message names it, what was expected and what was seen."""


class NotApplicable(Exception):
    """The hypotheses of a statement fail on this pair, so the statement says nothing about it.

    A claim raises it (or returns ``(nan, nan)``) to decline a pair; such pairs are counted, never judged.
    """


class RankDeficient(NotApplicable):
    """The centred unembeddings do not have full column rank, so the alignment of two models is not unique."""


class SingularSubset(NotApplicable):
    """Some subset of labels has linearly dependent unembedding differences, so its alignment does not exist.

    Attributes
    ----------
    subset
        The labels of the first such subset, the pivot first.
    """

    def __init__(self, subset: tuple[int, ...]) -> None:
        super().__init__(
            f"the unembedding differences of the label subset {subset} are linearly dependent to rounding: "
            "its alignment A_S = L_S^-1 L'_S does not exist"
        )
        self.subset = subset


class DegenerateInput(NotApplicable):
    """A representation has no spread where the measure divides by it."""


def first_line(error: BaseException) -> str:
    """Return what an error says, without what it goes on to say: others' errors fill pages."""
    return (str(error).splitlines() or [type(error).__name__])[0]
