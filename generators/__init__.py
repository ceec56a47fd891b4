"""Engines: a configuration in, a Design out."""
