"""Listings of accounts: reading them, finding whose each account is, what is notable of it, and freezing the whole.

rows: one account as its source shows it · shapes: reading exports · matching: whose it is · flags: what is notable
(pure) · freeze: the one door · diff: against an earlier listing · forms, columns, views, api: their pages.
"""
