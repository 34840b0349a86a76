"""The commands ``logitbounds prove`` and ``logitbounds check-certificate``."""
