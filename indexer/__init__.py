"""The indexer: reads sources, splits and embeds passages, and ties them to people and communities."""
