"""The vendors: what each says to the engine, in a file of its own."""
