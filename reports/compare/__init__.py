"""The command ``logitbounds compare``."""
