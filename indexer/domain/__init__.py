"""The words of Knowwho as frozen dataclasses, with ids and errors. Standard library only."""
