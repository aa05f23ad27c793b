"""A stand-in for the monolith that sidegate is put in front of.

A real FastAPI application on a real MariaDB: the user table, the login, the tokens and the
refusals follow the description of the first legacy system. It never creates or alters a table.
"""
