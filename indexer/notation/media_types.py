"""The media types of content that a source hands to the parsers in a form of its own."""

DISCOURSE_TOPIC = "application/vnd.discourse.topic+json"
KNOWWHO_THREAD = "application/vnd.knowwho.thread+json"
KNOWWHO_RECORD = "application/vnd.knowwho.record+json"
