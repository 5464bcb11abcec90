"""The sub-processor list: what customers are told, version by version, and the notices of its changes (domain §6).

draft: the list as the register says it now, what it lacks, and how it differs (pure but for one query) · publishing:
versions and notices · forms, columns, views, files, api: its pages.
"""
