"""Command line, pipeline and report of lithophile: thin, and without physics."""
