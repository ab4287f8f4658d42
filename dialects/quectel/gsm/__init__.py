"""The GSM family (M95, M66, MC60, M10, M26): what ``mxx.py`` is made of."""
