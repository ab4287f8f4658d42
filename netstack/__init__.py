"""The module's sockets: on the real host (:mod:`.host`) or scripted in memory (:mod:`.memory`)."""
