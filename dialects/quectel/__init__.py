"""Quectel modules: the GSM family's QI* toolkit, and what surrounds it."""
