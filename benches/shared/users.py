"""The user table that the gateway reads during a bench."""

import sqlite3

COUNT = 10_000
PASSWORD = "correct horse battery staple"
# bcrypt, cost 12, of PASSWORD: a constant, so that no bench needs a bcrypt of its own.
HASH = "$2b$12$abcdefghijklmnopqrstuu0sDWleciW5uGBGYwxpcgAsh9WK4bWNy"


def create(path):
    """Writes users 1 to COUNT, `user<id>@example.com`, none of them banned."""
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, hashed_password TEXT,"
            " is_active BOOLEAN NOT NULL, is_restricted BOOLEAN NOT NULL)"
        )
        rows = ((number, f"user{number}@example.com", HASH) for number in range(1, COUNT + 1))
        database.executemany("INSERT INTO user VALUES (?, ?, ?, 1, 0)", rows)
    database.close()
    return path
