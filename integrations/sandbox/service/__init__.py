"""The sandbox's side of the wire: what a system of somebody else would be, served below /sandbox/."""
