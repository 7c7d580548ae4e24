"""How Knowwho does on up to a million passages: `scripts/bench scale`."""
