"""The SOC report worksheet: reading a vendor's report, its lines, what blocks it, and its approval (R6.2).

standing: what follows from its days (pure) · blocks: what keeps it from being submitted · lines: exceptions, user
controls, subservice organisations · pasting: many user controls at once · carrying: from the worksheet before ·
signing: submit, approve, return, cancel · result: what is hashed and kept · forms, columns, views, api: its pages ·
cuecs: the list of the user controls expected of us.
"""
