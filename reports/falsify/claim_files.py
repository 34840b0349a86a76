"""The files in which users write claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reports.shared.user_files import chosen_name, named
from theory.claims import Claim
from theory.errors import InvalidInput
from theory.python_files import UserFile, load_file


@dataclass(frozen=True, eq=False, kw_only=True)
class ClaimFile(UserFile):
    """A file of claims.

    Attributes
    ----------
    claims
        By name, in the order of their definition; the names are unique.
    attributes
        Under which attribute of the module each claim is found, by name.
    """

    claims: Mapping[str, Claim]
    attributes: Mapping[str, str]

    @property
    def heading(self) -> str:
        """What the claims are, for a title."""
        return f"Claims of {self.path.name}"

    @property
    def drops(self) -> bool:
        """Whether the claims are theorems without one of their hypotheses, so that a counterexample is expected."""
        return False

    def hypothesis_of(self, name: str) -> str | None:
        """Return the hypothesis that a claim goes without; those of a file are no theorem's."""
        return None

    def module_of(self, name: str) -> str:
        """Return the module that a script finds a claim in."""
        return self.module

    def texts_of(self, name: str) -> Mapping[str, str]:
        """Return the texts that a script needs for one claim, by module name."""
        return self.sources


def load_claims(path: Path, name: str | None = None) -> ClaimFile:
    """Load the claims of a file, or one of them.

    Parameters
    ----------
    path
        A Python file. It is run, so it is trusted as much as the one who runs it. Its folder is importable meanwhile.
    name
        Of the claim, or of the attribute that holds it; by default all claims are loaded.

    Raises
    ------
    InvalidInput
        If there is no such file, it is no Python, it fails to load, or it has no claims or none of that name.
    """
    file, namespace = load_file(path)
    claims, attributes = named(namespace, Claim)
    if not claims:
        raise InvalidInput(f"{file.path}: expected functions marked with @claim, saw none")
    if name is not None:
        chosen = chosen_name(claims, attributes, name)
        if chosen is None:
            raise InvalidInput(f"{file.path}: no claim is called {name!r}; there are {', '.join(claims)}")
        claims, attributes = {chosen: claims[chosen]}, {chosen: attributes[chosen]}
    return ClaimFile(**vars(file), claims=claims, attributes=attributes)
