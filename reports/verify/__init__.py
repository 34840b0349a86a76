"""The command ``logitbounds verify``."""
