"""The search for pairs that come closest to violating a statement."""
