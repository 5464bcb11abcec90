"""What auditors do themselves: drawing from frozen populations, and testing controls.

drawing: samples and their replacements · lines: what the company hands in for them · testing: results and conclusions ·
counting: n of N (pure) · responding: management's own words · forms, columns, views, panel, api: their pages.
"""
