"""Durable jobs: asked for by anybody, run by workers, taken up again after a crash."""
