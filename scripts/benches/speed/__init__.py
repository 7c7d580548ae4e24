"""The speed bench: how fast the parts of Knowwho are, beside other ways to do the same."""
