"""T19: what it says and how it is proved."""
