"""The adapter of Zendesk Support."""
