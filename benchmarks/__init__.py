"""Speed and accuracy against straightforward implementations, as ratios measured in one run."""
