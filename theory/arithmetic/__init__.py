"""Arithmetics in which one formula is evaluated: float64 and tensors, balls, and many digits."""
