"""Benches: one module each, run by scripts/bench."""
