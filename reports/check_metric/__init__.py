"""The command ``logitbounds check-metric``."""
