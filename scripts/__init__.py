"""The command line, and what people run."""
