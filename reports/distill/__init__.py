"""The command ``logitbounds distill``."""
