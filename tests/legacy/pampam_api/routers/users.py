"""Members: sign-up, profile, favourites, withdrawal."""

import hashlib
import json
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile
from fastapi.responses import FileResponse

from .. import schemas
from ..database import Database
from ..errors import Domain, refusal
from ..models import User
from ..security import Configured, Member, find_account, passwords

router = APIRouter(prefix="/users", tags=["users"])

REJOIN_AFTER = timedelta(days=7)


@router.post("", response_model=schemas.User, status_code=201)
def sign_up(draft: schemas.SignUp, response: Response, database: Database, settings: Configured):
    _refuse_taken(find_account(database, draft.email), settings)
    now = settings.row_time()
    user = User(
        created_time=now, updated_time=now, user_type="user", is_active=True, email=draft.email, name=draft.name,
        hashed_password=passwords.hash(draft.password, rounds=4), point=0, phone=draft.phone, is_restricted=False,
    )
    database.add(user)
    database.commit()
    response.headers["Location"] = f"/users/{user.id}"
    return user


def _refuse_taken(known: User | None, settings: Configured) -> None:
    if known is None:
        return
    if not known.is_withdrawn:
        raise refusal(409, Domain.USER + 1, "이미 가입된 이메일입니다.")
    if known.quit_at is not None and known.quit_at + REJOIN_AFTER > settings.row_time().date():
        raise refusal(400, Domain.USER + 91, "탈퇴 회원입니다. 탈퇴 후 7일동안 다시 가입할수 없어요.")


@router.get("/me", response_model=schemas.User)
def me(member: Member):
    return member


@router.get("/{user_id}", response_model=schemas.Profile)
def profile(user_id: int, member: Member, database: Database):
    return _existing(user_id, database)


def _existing(user_id: int, database: Database) -> User:
    user = database.get(User, user_id)
    if user is None or user.is_withdrawn:
        raise refusal(404, Domain.USER + 4, "존재하지 않는 회원입니다.")
    return user


@router.put("/{user_id}", response_model=schemas.User)
def change(user_id: int, change: schemas.ProfileChange, member: Member, database: Database, settings: Configured):
    _own(user_id, member)
    for column, value in change.model_dump(exclude_unset=True).items():
        setattr(member, column, value)
    member.updated_time = settings.row_time()
    database.commit()
    return member


def _own(user_id: int, member: User) -> None:
    if member.id != user_id:
        raise refusal(403, Domain.USER + 3, "본인만 사용할 수 있습니다.")


@router.put("/{user_id}/profile-image")
def upload_image(
    user_id: int,
    member: Member,
    database: Database,
    settings: Configured,
    image: Annotated[UploadFile, File()],
    caption: Annotated[str | None, Form()] = None,
):
    _own(user_id, member)
    content = image.file.read()
    (settings.storage / f"profile-{user_id}").write_bytes(content)
    member.profile_image = image.filename
    database.commit()
    return {
        "filename": image.filename,
        "content_type": image.content_type,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "caption": caption,
    }


@router.get("/{user_id}/profile-image")
def download_image(user_id: int, member: Member, database: Database, settings: Configured):
    user = _existing(user_id, database)
    path = settings.storage / f"profile-{user_id}"
    if user.profile_image is None or not path.is_file():
        raise refusal(404, Domain.USER + 5, "프로필 사진이 없습니다.")
    # The default entity tag depends on the file's time, which differs from run to run.
    tag = f'"{hashlib.sha256(path.read_bytes()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Last-Modified": "Sat, 01 Jun 2024 09:00:00 GMT"}
    return FileResponse(path, filename=user.profile_image, media_type="image/png", headers=headers)


@router.get("/{user_id}/favorites", response_model=list[schemas.Profile])
def favorites(user_id: int, member: Member, database: Database):
    _own(user_id, member)
    return [user for user in (database.get(User, key) for key in _favorites(member)) if user is not None]


def _favorites(member: User) -> list[int]:
    return json.loads(member.favorite_users or b"[]")


@router.put("/{user_id}/favorites/{other_id}", status_code=204)
def add_favorite(user_id: int, other_id: int, member: Member, database: Database):
    _own(user_id, member)
    _existing(other_id, database)
    member.favorite_users = json.dumps(sorted({*_favorites(member), other_id})).encode()
    database.commit()


@router.delete("/{user_id}/favorites/{other_id}", status_code=204)
def remove_favorite(user_id: int, other_id: int, member: Member, database: Database):
    _own(user_id, member)
    member.favorite_users = json.dumps(sorted({*_favorites(member)} - {other_id})).encode()
    database.commit()


@router.delete("/{user_id}", status_code=204)
def withdraw(user_id: int, member: Member, database: Database, settings: Configured):
    _own(user_id, member)
    member.is_active = False
    member.quit_at = settings.row_time().date()
    member.email_backup = member.email
    database.commit()
