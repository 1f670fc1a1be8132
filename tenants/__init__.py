"""Who owns what: tenants, their keys and linked accounts, sealed secrets, and the walls between tenants."""
