"""The command ``logitbounds prove``."""
