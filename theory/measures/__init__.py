"""Measures of a pair of models, or of two embeddings, and the registry of what each of them claims."""
