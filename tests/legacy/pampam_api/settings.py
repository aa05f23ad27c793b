"""What the environment says: database, secrets, upload folder and the clock of written rows."""

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

ACCESS_LIFETIME = timedelta(days=30)
REFRESH_LIFETIME = timedelta(days=60)


@dataclass(frozen=True)
class Settings:
    """One immutable value per process; the secrets never show in its representation."""

    database_url: str = field(repr=False)
    access_secret: str = field(repr=False)
    refresh_secret: str = field(repr=False)
    storage: Path
    row_clock: datetime | None

    @classmethod
    def from_environment(cls) -> "Settings":
        clock = os.environ.get("ROW_CLOCK", "2024-06-01T09:00:00")
        return cls(
            database_url=os.environ["DATABASE_URL"],
            access_secret=os.environ["SECRET_KEY"],
            refresh_secret=os.environ["REFRESH_TOKEN_SECRET_KEY"],
            storage=Path(os.environ["STORAGE"]),
            row_clock=None if clock == "real" else datetime.fromisoformat(clock),
        )

    def row_time(self) -> datetime:
        """The time written into rows: fixed by default, so that two runs answer the same bytes."""
        return self.row_clock or datetime.now()
