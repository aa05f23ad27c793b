"""The monolith's own login. Clients in the field call it."""

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from pydantic import EmailStr

from .. import schemas
from ..database import Database
from ..errors import Domain, refusal
from ..models import User
from ..security import Configured, find_account, mint_pair, password_matches

router = APIRouter(prefix="/login", tags=["login"])

BANNED = (Domain.USER + 92, "보호조치된 계정입니다.")
WITHDRAWN = (Domain.USER + 91, "탈퇴 회원입니다. 탈퇴 후 7일동안 다시 가입할수 없어요.")
WRONG = (Domain.USER + 92, "이메일 또는 패스워드가 올바르지 않습니다. 다시 입력해주세요.")


@router.post("/access-token", response_model=schemas.SignedInUser)
def access_token(email: EmailStr, password: str, database: Database, settings: Configured):
    """Credentials are query parameters; the answer is the user object with a member `token`."""
    user = _admitted(find_account(database, email), password)
    shown = schemas.User.model_validate(user).model_dump()
    return schemas.SignedInUser(**shown, token=mint_pair(user.id, settings))


def _admitted(user: User | None, password: str) -> User:
    # The states come before the password: whoever knows an address learns its state.
    if user is not None and user.is_banned:
        raise refusal(400, *BANNED)
    if user is not None and user.is_withdrawn:
        raise refusal(400, *WITHDRAWN)
    if user is None or not password_matches(user, password):
        raise refusal(400, *WRONG)
    return user


@router.get("/kakao")
def kakao(next: str = "/"):
    """Where the social login begins: a plain 302 to the provider."""
    target = f"https://kauth.kakao.com/oauth/authorize?client_id=pampam&response_type=code&state={next}"
    return RedirectResponse(target, status_code=302)
