"""The emulated module: a pure engine, the vocabulary that dialects are written in, and its hands."""
