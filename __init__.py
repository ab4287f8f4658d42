"""vmodem: a software stand-in for cellular modules."""
