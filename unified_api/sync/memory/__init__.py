"""What the change log remembers: a record as of any time, the history of a field, and why a value is what it is.

The log holds for each change the old and the new value, and the run or write behind it; a creation is logged without
values (docs/decisions/0014-creations-without-values.md). So every look back starts at the record as it is now, and
takes the entries back one by one, newest first, by the index of (record, position). Work grows with what happened to
that one record since the time that is asked for, and with nothing else.

    subject   the record that is asked about
    log       its entries, newest first
    walk      one entry taken back
    as_of     the record as it was
    cause     who and what is behind an entry
    history   entries with their causes
    why       a current value, followed across bridges to where it came from; `telling` makes a sentence of it
    past      what happened to a pair, as the engine goes through it again; `otherwise`, `replaying` make a plan of it
    undo      what a bridge did, turned round, as a plan; `touched`: what others did since to a record that it made
    changes   the tenant's whole log, oldest first, for a product that reads what changed
    shown     values as the API spells them

All but the plans only reads, within the transaction that is open.
"""
