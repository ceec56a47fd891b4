"""Golden models: NumPy and SciPy only; nothing of ours is imported here."""
