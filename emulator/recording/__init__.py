"""Dialogues in files: the transcript format, what writes it beside a real module, and what plays it again."""
