"""Pairs of models to try statements on: constructions, regimes, and Hypothesis strategies."""
