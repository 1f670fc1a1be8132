"""What the benchmarks of lists share: tickets by the million, a server as in production, a client that costs little."""
