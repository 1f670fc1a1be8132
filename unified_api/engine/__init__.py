"""The bridge engine: decides what two records owe each other. PURE.

What may live in this package: functions from values to values, and frozen dataclasses. Standard library
only. No Django, no clock, no network, no randomness, no logging: whoever calls brings the two records and
carries out the effects. Nothing here knows what a tenant, an account or an adapter is.

    values    what a field can hold; two sides; how values are compared
    policy    what a bridge wants of each field, as data
    merge     one field, three-way, each side against its own base
    pair      what is remembered about two records, and its JSON form
    events    what can happen to a pair, and what the engine answers
    weigh     all fields of two records: what each side owes the other
    birth     a record that has no counterpart yet
    answer    what the outcome of a write teaches
    plan      the state machine; start reading there
    match     who belongs to whom, when nobody is paired yet
"""
