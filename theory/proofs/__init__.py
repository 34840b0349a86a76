"""Proofs whose every step a machine discharges: exact algebra, scalar inequalities, forms, limits, and cited lemmas.

`theory.proofs.steps` says what a proof is made of; each kind of obligation has a file of its own, and each theorem one
with its proof. Nothing here is accepted because it was sampled.
"""
