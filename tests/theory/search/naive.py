"""Pairs drawn plainly, and formulas as one writes them first: softmax after its shift, KL as p log(p / q)."""

import numpy as np


def arrays(n=3, k=4, m=2, m2=2, seed=0):
    """Draw F, G, F' and G' of `n` inputs, `k` labels and dimensions `m` and `m2`."""
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal(shape) for shape in ((n, m), (k, m), (n, m2), (k, m2)))


def logits(model):
    """Return the logits after centring the unembeddings."""
    return model.embeddings @ (model.unembeddings - model.unembeddings.mean(axis=0)).T


def softmax(model):
    """Return the probabilities."""
    weights = np.exp(logits(model) - logits(model).max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def naive_kl(pair):
    """Return KL(a || b), whose terms cancel for models that are nearly equal."""
    p, q = softmax(pair.a), softmax(pair.b)
    return float(np.mean(np.sum(p * np.log(p / q), axis=1)))
