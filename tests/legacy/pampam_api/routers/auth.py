"""The routes of the split-out login server. Every failure of one route has one body."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from .. import schemas
from ..database import Database
from ..security import Configured, find_account, member_of, mint_access, mint_pair, password_matches

router = APIRouter(prefix="/auth/token", tags=["auth"])


def _refused(message: str) -> JSONResponse:
    return JSONResponse({"code": 401, "message": message}, status_code=401)


@router.post("/pair", response_model=schemas.Token)
def pair(credentials: schemas.Credentials, database: Database, settings: Configured):
    user = find_account(database, credentials.email)
    if user is None or user.is_blocked or not password_matches(user, credentials.password):
        return _refused("올바르지 않은 계정입니다.")
    return mint_pair(user.id, settings)


@router.post("/refresh", response_model=schemas.Token)
def refresh(presented: schemas.PresentedToken, database: Database, settings: Configured):
    user = member_of(presented.token, settings.refresh_secret, database)
    if user is None:
        return _refused("올바르지 않은 토큰")
    return schemas.Token(access_token=mint_access(user.id, settings), refresh_token=presented.token)


@router.post("/verify")
def verify(presented: schemas.PresentedToken, database: Database, settings: Configured):
    return {"bool": member_of(presented.token, settings.access_secret, database) is not None}
