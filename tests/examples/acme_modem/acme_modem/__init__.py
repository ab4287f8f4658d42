"""A dialect of vmodem that lives in a package of its own: the ACME M1, a module that nobody makes."""
