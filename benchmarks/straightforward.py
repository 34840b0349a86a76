"""The measures as one would first write them, kept to be compared with."""

import itertools

import numpy as np


def squared_logit_distance(f, g, f2, g2):
    """From the full matrices of centred logits."""
    u = f @ g.T
    u = u - u.mean(axis=1, keepdims=True)
    u2 = f2 @ g2.T
    u2 = u2 - u2.mean(axis=1, keepdims=True)
    return np.mean(np.sum((u - u2) ** 2, axis=1))


def subset_error(f, g, f2, g2, subset):
    """E||f - A f'||^2 for one subset, with one matrix-vector product per row."""
    pivot, *others = subset
    a = np.linalg.inv(g[others] - g[pivot]) @ (g2[others] - g2[pivot])
    return np.mean([np.sum((row - a @ row2) ** 2) for row, row2 in zip(f, f2, strict=True)])


def subset_error_vectorised(f, g, f2, g2, subset):
    """The same with one matrix product per subset: a stronger peer."""
    pivot, *others = subset
    a = np.linalg.inv(g[others] - g[pivot]) @ (g2[others] - g2[pivot])
    return np.mean(np.sum((f - f2 @ a.T) ** 2, axis=1))


def canonical_correlations(x, y):
    """By scikit-learn's iterative CCA and the correlations of its scores."""
    from sklearn.cross_decomposition import CCA

    count = min(x.shape[1], y.shape[1])
    scores = CCA(n_components=count, max_iter=1000).fit(x, y).transform(x, y)
    return np.array([np.corrcoef(scores[0][:, i], scores[1][:, i])[0, 1] for i in range(count)])


def distilled_epochs(inputs, logits, epochs):
    """Distil a student at the published settings of the spirals, as one would write it; return it.

    Three hidden layers of 512 with dropout .1, batches of 512 from a data loader, Adam at 1e-3, raw logits compared.
    """
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    widths = (inputs.shape[1], 512, 512, 512)
    layers = []
    for wide, narrow in itertools.pairwise(widths):
        layers += [nn.Linear(wide, narrow), nn.ReLU(), nn.Dropout(0.1)]
    student = nn.Sequential(*layers, nn.Linear(512, 2), nn.Linear(2, logits.shape[1], bias=False))
    optimiser = torch.optim.Adam(student.parameters(), lr=1e-3)
    loader = DataLoader(TensorDataset(inputs, logits), batch_size=512, shuffle=True)
    for _ in range(epochs):
        for batch, target in loader:
            loss = (student(batch) - target).square().sum(dim=1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return student
