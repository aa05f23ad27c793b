"""What only administrators may do: look members up, ban them, export them."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import func, select

from .. import schemas
from ..database import Database
from ..errors import Domain, refusal
from ..models import Deal, Item, Notice, Review, User
from ..security import Administrator, Configured

router = APIRouter(prefix="/admin", tags=["admin"])


@router.get("/users", response_model=list[schemas.User])
def users(
    administrator: Administrator,
    response: Response,
    database: Database,
    user_type: Annotated[list[str] | None, Query()] = None,
    is_restricted: bool | None = None,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
):
    query = select(User).order_by(User.id)
    if user_type:
        query = query.where(User.user_type.in_(user_type))
    if is_restricted is not None:
        query = query.where(User.is_restricted == is_restricted)
    total = database.scalar(select(func.count()).select_from(query.subquery()))
    response.headers["X-Total-Count"] = str(total)
    return database.scalars(query.offset(offset).limit(limit)).all()


@router.get("/stats")
def stats(administrator: Administrator, database: Database):
    tables = (User, Item, Deal, Review, Notice)
    return {table.__tablename__: database.scalar(select(func.count()).select_from(table)) for table in tables}


@router.get("/users.csv")
def export(administrator: Administrator, database: Database):
    rows = [(user.id, user.name, user.grade or "") for user in database.scalars(select(User).order_by(User.id))]

    def lines() -> Iterator[str]:
        yield "id,name,grade\r\n"
        for row in rows:
            yield ",".join(str(value) for value in row) + "\r\n"

    headers = {"Content-Disposition": 'attachment; filename="users.csv"'}
    return StreamingResponse(lines(), media_type="text/csv", headers=headers)


@router.post("/users/{user_id}/restriction", response_model=schemas.User)
def restrict(user_id: int, administrator: Administrator, database: Database, settings: Configured):
    user = _existing(user_id, database)
    if user.is_banned:
        raise refusal(409, Domain.MANAGEMENT + 9, "이미 보호조치된 계정입니다.")
    return _write(user, True, database, settings)


@router.delete("/users/{user_id}/restriction", response_model=schemas.User)
def release(user_id: int, administrator: Administrator, database: Database, settings: Configured):
    return _write(_existing(user_id, database), False, database, settings)


def _existing(user_id: int, database: Database) -> User:
    user = database.get(User, user_id)
    if user is None:
        raise refusal(404, Domain.MANAGEMENT + 4, "존재하지 않는 회원입니다.")
    return user


def _write(user: User, is_restricted: bool, database: Database, settings: Configured) -> User:
    user.is_restricted = is_restricted
    user.updated_time = settings.row_time()
    database.commit()
    return user
