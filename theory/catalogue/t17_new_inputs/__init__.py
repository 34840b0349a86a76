"""T17: what it says and how it is proved."""
