"""The command ``logitbounds check-certificate``."""
