"""The vendors' words: command syntax, unsolicited result codes, states and timings of each module."""
