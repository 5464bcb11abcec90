"""Which occurrences a control must have, what evidence says of each, and the table that keeps the answers (R9.2, R3.6).

tiles: the calendar · judge: one occurrence and its proofs · facts: reading both from the registers · keep: the table.
"""
