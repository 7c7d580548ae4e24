"""Reads the files of Word, PowerPoint and Excel since 2007."""
