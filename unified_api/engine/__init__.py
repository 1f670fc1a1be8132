"""The bridge engine: decides what two records owe each other. PURE.

What may live in this package: functions from values to values, and frozen dataclasses. Standard library
only. No Django, no clock, no network, no randomness, no logging: whoever calls brings the two records and
carries out the effects. Nothing here knows what a tenant, an account or an adapter is.

    values    what a field can hold; two sides; absent is not null
    normal    the forms in which values are compared
    markup    what a reader sees of a text
    mention   names in a text that would call people, and how they do not
    policy    what a bridge wants of each field, as data
    filter    which records take part, as data
    merge     one field, three-way, each side against its own base
    parts     fields that hold several things: sets, logs, maps
    pair      what is remembered about two records, and its JSON form
    events    what can happen to a pair, and what the engine answers
    weigh     all fields of two records: what each side owes the other
    carry     whether one value can be brought to the other side
    birth     a record that has no counterpart yet
    absence   a record whose counterpart is gone
    answer    what the outcome of a write teaches
    plan      the state machine; start reading there
    forecast  what would be written until a pair is at rest
    replay    a stretch of the past under another policy
    match     who belongs to whom, when nobody is paired yet
"""
