"""Datapath blocks, one a file."""
