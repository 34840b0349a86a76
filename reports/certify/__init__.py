"""The command ``logitbounds certify``."""
