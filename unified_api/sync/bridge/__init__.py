"""The shell around the bridge engine.

    scopes     what the accounts' scopes keep out of a bridge
    stopping   waiting writes that carry what the scopes keep out of it
    setup      making a bridge: what it wants of each field, what the accounts can, what is refused
    records    records as the engine sees them, pairs as it remembers them
    intake     the change log marks pairs dirty; records that no pair knows get one of their own
    held       why a pair is held back
    matching   records without a counterpart find each other by key
    asked      plans of undo, restore and replay, from their beginning to where they wait, or are over
    naming     what records are called that the values of a plan name
    regardless what a bridge file means wrongly, whatever its accounts can do
    merging    pairs of records that their provider merged
    sharing    who shares a key, where records have several
    search     before a create, a look at the provider itself
    rounds     one look at each dirty pair; what it owes is journalled
    siblings   what belongs to one record is made one after another
    belonging  what belongs to a record that takes no part takes none either
    turns      a round, or the end of a write: one at a time
    outcome    the end of a write, told to its pair in the same transaction
    work       the job: intake and rounds in bounded slices
    stirring   having bridges look soon
    steering   pause and resume
    showing    how a bridge stands, and what it would do now
    waiting    one round from beginning to end, for the command line

Rules 13 to 16 of synchronization. A pair row is the reservation of a create, and is committed before it
leaves. Locks are taken in one order: a bridge's job, its turn, then pairs. Nothing here locks records or the feed.
"""
