"""The sandbox: a third-party system of our own, for rehearsals, and the adapters that call it.

spelling    how the system says what a common model holds: names, words, ids; derived from the declarations
adapter     the integrations, one per category, out of that spelling; all that the kit sees of a sandbox
data/       what a new sandbox holds: pure, from a seed
models      sandboxes and their records, behind the tenants' walls
service/    the system itself over HTTP, below /sandbox/
"""
