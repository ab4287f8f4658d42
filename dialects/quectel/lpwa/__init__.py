"""The LPWA family (BG96): what ``bg96.py`` is made of."""
