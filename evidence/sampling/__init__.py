"""Populations and samples: reading a list and proving it complete, freezing it, and drawing from it.

rows: the canonical list · sources: where lists come from · completeness: gaps · drawing: the rules of choosing (pure) ·
sizes: how many · actions: what people do · forms, columns, views, api: their pages.
"""
