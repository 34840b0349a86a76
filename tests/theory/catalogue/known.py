"""What is known of a theorem beside what the catalogue says of it: a file here for each, called like its folder.

A theorem needs none. What its file says is expected of it: a proof that comes to rest on more is noticed.
"""

import importlib
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Known:
    """Known answers about one theorem.

    Attributes
    ----------
    lemmas
        Of others, that its proofs rest on: these, and nothing else, may be cited.
    cited
        The statements whose proofs rest on them; all others are proved.
    needs
        Hypotheses that are among those dropped.
    sharp_otherwise
        Sharp statements that no limit of their own shows to be.
    untried
        False twins at which no proof can be tried.
    """

    lemmas: Set[str] = frozenset()
    cited: Set[str] = frozenset()
    needs: Set[str] = frozenset()
    sharp_otherwise: Set[str] = frozenset()
    untried: Set[str] = frozenset()


def known() -> dict[str, Known]:
    """Return what is known, by identifier."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("t[0-9][0-9]_*.py"))
    return {f"T{int(name[1:3])}": importlib.import_module(f"{__package__}.{name}").KNOWN for name in names}
