"""A modem in a test's hands: what the pytest fixture gives, and what does not need pytest."""
