"""Real models to hold the theory against: data, networks, distillation losses, training.

What is trained here comes back as `theory.Model`, the softmax model evaluated on the test inputs, so every
distance and every bound applies to it as it stands. Importing this package loads nothing; its modules load torch,
and the data sets load their libraries when asked for.
"""
