"""Tests of the sandbox: what it holds, how it answers, and how the kit gets on with it."""
