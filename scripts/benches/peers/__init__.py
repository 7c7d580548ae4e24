"""Other ways to search the same passages, each in an environment of its own: with_NAME.py is what it does there."""
