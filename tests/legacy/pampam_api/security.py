"""Passwords, tokens, and the dependencies that say who is calling.

An access and a refresh token differ only by the secret; both carry `exp` and `sub` and nothing else.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import OAuth2PasswordBearer
from jose import JWTError, jwt
from passlib.context import CryptContext
from sqlalchemy import select
from sqlalchemy.orm import Session

from . import schemas
from .database import Database
from .errors import Domain, refusal
from .models import User
from .settings import ACCESS_LIFETIME, REFRESH_LIFETIME, Settings

ALGORITHM = "HS256"
ADMINISTRATORS = ("admin", "staff")

passwords = CryptContext(schemes=["bcrypt"])
bearer = OAuth2PasswordBearer(tokenUrl="login/access-token")
optional_bearer = OAuth2PasswordBearer(tokenUrl="login/access-token", auto_error=False)


def settings_of(request: Request) -> Settings:
    return request.app.state.settings


Configured = Annotated[Settings, Depends(settings_of)]


def find_account(database: Session, email: str) -> User | None:
    """The row of this address; among several, the one that is neither withdrawn nor restricted."""
    rows = database.scalars(select(User).where(User.email == email).order_by(User.id)).all()
    free = [row for row in rows if not row.is_blocked]
    return next(iter(free or rows), None)


def password_matches(user: User, password: str) -> bool:
    """A social account has no password, so nothing matches it."""
    return bool(user.hashed_password) and passwords.verify(password, user.hashed_password)


def mint(user_id: int, secret: str, lifetime: timedelta) -> str:
    return jwt.encode({"exp": datetime.now(UTC) + lifetime, "sub": str(user_id)}, secret, algorithm=ALGORITHM)


def mint_access(user_id: int, settings: Settings) -> str:
    return mint(user_id, settings.access_secret, ACCESS_LIFETIME)


def mint_pair(user_id: int, settings: Settings) -> schemas.Token:
    return schemas.Token(
        access_token=mint_access(user_id, settings),
        refresh_token=mint(user_id, settings.refresh_secret, REFRESH_LIFETIME),
    )


def member_of(token: str, secret: str, database: Session) -> User | None:
    """The unblocked user that a token names, or nothing if the token or the user is no good."""
    try:
        subject = jwt.decode(token, secret, algorithms=[ALGORITHM]).get("sub")
    except (JWTError, ValueError):
        return None
    if not isinstance(subject, str) or not (subject.isascii() and subject.isdigit()):
        return None
    user = database.get(User, int(subject))
    return None if user is None or user.is_blocked else user


def _signed_in(token: str, settings: Settings, database: Session) -> User:
    user = member_of(token, settings.access_secret, database)
    if user is None:
        raise HTTPException(401, "Could not validate credentials", {"WWW-Authenticate": "Bearer"})
    return user


def current_member(database: Database, settings: Configured, token: Annotated[str, Depends(bearer)]) -> User:
    return _signed_in(token, settings, database)


def optional_member(
    database: Database, settings: Configured, token: Annotated[str | None, Depends(optional_bearer)]
) -> User | None:
    """No token is anonymous; a token that is present and bad is refused."""
    return None if token is None else _signed_in(token, settings, database)


def administrator(member: Annotated[User, Depends(current_member)]) -> User:
    if member.user_type not in ADMINISTRATORS:
        raise refusal(403, Domain.MANAGEMENT + 3, "권한이 없습니다.")
    return member


Member = Annotated[User, Depends(current_member)]
OptionalMember = Annotated[User | None, Depends(optional_member)]
Administrator = Annotated[User, Depends(administrator)]
