"""Data sets: one file each, all in the form of `empirics.data.dataset.Dataset`."""
