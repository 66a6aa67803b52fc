"""Stages: what a command does, alone or as a part of ``lithophile run``."""
