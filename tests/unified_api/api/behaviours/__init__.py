"""What the wire contract says beside its types: one file for each heading, a test named after each behaviour.

What was tested elsewhere before stays there; docs/behaviours.md has them all.
"""
