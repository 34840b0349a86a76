"""The command ``logitbounds list``."""
