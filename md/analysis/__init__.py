"""Observables, one file each: a trajectory in, a frozen result out."""
