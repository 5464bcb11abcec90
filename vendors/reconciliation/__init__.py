"""The register held against payments and sign-in applications: who on the list is unknown (R6.3).

names: when two names are one (pure) · reading: a file as names with sums · matching: whose a name is · actions: bring
one in, say what a name is, close · absent: the other way round, vendors on no list · forms, columns, views, api.
"""
