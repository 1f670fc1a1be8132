"""The real shell between two simulated remotes, with every fault, from a seed."""
