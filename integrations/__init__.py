"""The outermost ring: adapters. They import the vocabulary and the kit, and nothing else of the product."""
