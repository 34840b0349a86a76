"""The command ``logitbounds falsify``."""
