"""Things for sale. Reading is open and knows a signed-in member; writing needs one."""

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Header, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse, RedirectResponse, StreamingResponse
from sqlalchemy import Select, delete, func, select

from .. import schemas
from ..database import Database
from ..errors import Domain, refusal
from ..models import Deal, Item, Photo, User
from ..security import Configured, Member, OptionalMember

router = APIRouter(prefix="/items", tags=["items"])

SORTS = {"newest": Item.id.desc(), "oldest": Item.id.asc(), "price": Item.price.asc()}


def _filtered(category: list[str], min_price: int | None, max_price: int | None, q: str | None) -> Select:
    query = select(Item)
    if category:
        query = query.where(Item.category.in_(category))
    if min_price is not None:
        query = query.where(Item.price >= min_price)
    if max_price is not None:
        query = query.where(Item.price <= max_price)
    return query.where(Item.title.contains(q, autoescape=True)) if q else query


def _shown(item: Item, member: User | None) -> schemas.Item:
    """`is_mine` is left out, not false, for an anonymous caller."""
    shown = schemas.Item.model_validate(item)
    return shown if member is None else shown.model_copy(update={"is_mine": item.owner_id == member.id})


def _existing(item_id: int, database: Database) -> Item:
    item = database.get(Item, item_id)
    if item is None:
        raise refusal(404, Domain.ITEM + 4, "존재하지 않는 상품입니다.")
    return item


def _own(item_id: int, member: User, database: Database) -> Item:
    item = _existing(item_id, database)
    if item.owner_id != member.id:
        raise refusal(403, Domain.ITEM + 3, "본인의 상품이 아닙니다.")
    return item


@router.get("", response_model=list[schemas.Item], response_model_exclude_unset=True)
def listing(
    request: Request,
    response: Response,
    member: OptionalMember,
    database: Database,
    category: Annotated[list[str], Query()] = [],
    min_price: Annotated[int | None, Query(ge=0)] = None,
    max_price: Annotated[int | None, Query(ge=0)] = None,
    q: str | None = None,
    sort: Literal["newest", "oldest", "price"] = "newest",
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
):
    query = _filtered(category, min_price, max_price, q)
    total = database.scalar(select(func.count()).select_from(query.subquery()))
    response.headers["X-Total-Count"] = str(total)
    response.headers["X-Page-Offset"] = str(offset)
    response.headers["Vary"] = "Authorization"
    if offset + limit < total:
        following = request.url.include_query_params(offset=offset + limit)
        response.headers["Link"] = f'<{following}>; rel="next"'
    rows = database.scalars(query.order_by(SORTS[sort], Item.id).offset(offset).limit(limit))
    return [_shown(item, member) for item in rows]


@router.head("")
def count(database: Database):
    total = database.scalar(select(func.count()).select_from(Item))
    return Response(headers={"X-Total-Count": str(total), "Content-Type": "application/json"})


@router.get("/categories")
def categories(database: Database):
    query = select(Item.category, func.count()).group_by(Item.category).order_by(Item.category)
    return {category: number for category, number in database.execute(query).all()}


@router.get("/categories/{category}")
def category(category: str, database: Database):
    """The category is free text: its path segment may be any percent-encoded UTF-8."""
    query = select(Item.id).where(Item.category == category).order_by(Item.id)
    return {"category": category, "items": list(database.scalars(query))}


@router.get("/latest")
def latest(database: Database):
    newest = database.scalar(select(func.max(Item.id)))
    return RedirectResponse(f"/items/{newest}", status_code=307)


@router.get("/old/{item_id}")
def moved(item_id: int):
    return RedirectResponse(f"/items/{item_id}?from=old", status_code=302)


@router.get("/export")
def export(database: Database):
    rows = [(item.id, item.title, item.price) for item in database.scalars(select(Item).order_by(Item.id))]

    def lines() -> Iterator[bytes]:
        for row in rows:
            yield json.dumps(row, ensure_ascii=False).encode() + b"\n"

    return StreamingResponse(lines(), media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})


@router.post("", response_model=schemas.Item, status_code=201)
def create(draft: schemas.ItemDraft, response: Response, member: Member, database: Database, settings: Configured):
    now = settings.row_time()
    item = Item(**draft.model_dump(), owner_id=member.id, created_time=now, updated_time=now, is_sold=False)
    database.add(item)
    database.commit()
    response.headers["Location"] = f"/items/{item.id}"
    return _shown(item, member)


@router.get("/{item_id}", response_model=schemas.Item, response_model_exclude_unset=True)
def detail(
    item_id: int,
    response: Response,
    member: OptionalMember,
    database: Database,
    if_none_match: Annotated[str | None, Header()] = None,
):
    shown = _shown(_existing(item_id, database), member)
    tag = f'"{hashlib.sha256(shown.model_dump_json().encode()).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=0, must-revalidate"}
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return shown


@router.patch("/{item_id}", response_model=schemas.Item)
def change(item_id: int, change: schemas.ItemChange, member: Member, database: Database, settings: Configured):
    item = _own(item_id, member, database)
    for column, value in change.model_dump(exclude_unset=True).items():
        setattr(item, column, value)
    item.updated_time = settings.row_time()
    database.commit()
    return _shown(item, member)


@router.put("/{item_id}", response_model=schemas.Item)
def replace(item_id: int, draft: schemas.ItemDraft, member: Member, database: Database, settings: Configured):
    item = _own(item_id, member, database)
    for column, value in draft.model_dump().items():
        setattr(item, column, value)
    item.updated_time = settings.row_time()
    database.commit()
    return _shown(item, member)


@router.delete("/{item_id}", status_code=204)
def remove(item_id: int, member: Member, database: Database):
    item = _own(item_id, member, database)
    if database.scalar(select(func.count()).where(Deal.item_id == item_id)):
        raise refusal(409, Domain.ITEM + 9, "거래가 있는 상품은 삭제할 수 없습니다.")
    database.execute(delete(Photo).where(Photo.item_id == item_id))
    database.delete(item)
    database.commit()


@router.post("/{item_id}/view")
def view(item_id: int, response: Response, database: Database):
    item = _existing(item_id, database)
    response.set_cookie("recently_viewed", str(item.id), max_age=3600, path="/items", httponly=True, samesite="lax")
    response.set_cookie("last_category", item.category.encode().hex(), max_age=86400)
    return {"viewed": item.id}


@router.post("/{item_id}/photos", response_model=list[schemas.Photo], status_code=201)
def upload(
    item_id: int,
    member: Member,
    database: Database,
    settings: Configured,
    files: Annotated[list[UploadFile], File()],
    caption: Annotated[str | None, Form()] = None,
):
    item = _own(item_id, member, database)
    return [_stored(item, file, caption, database, settings) for file in files]


def _stored(item: Item, file: UploadFile, caption: str | None, database: Database, settings: Configured) -> Photo:
    content = file.file.read()
    photo = Photo(
        item_id=item.id, filename=file.filename or "photo", content_type=file.content_type or "application/octet-stream",
        size=len(content), sha256=hashlib.sha256(content).hexdigest(), caption=caption,
    )
    database.add(photo)
    database.commit()
    (settings.storage / f"photo-{photo.id}").write_bytes(content)
    return photo


@router.get("/{item_id}/photos", response_model=list[schemas.Photo])
def photos(item_id: int, database: Database):
    _existing(item_id, database)
    return database.scalars(select(Photo).where(Photo.item_id == item_id).order_by(Photo.id)).all()


@router.get("/{item_id}/photos/{photo_id}")
def download(item_id: int, photo_id: int, database: Database, settings: Configured):
    """Answers ranges. The entity tag is the content's, since the file's time differs from run to run."""
    photo = database.get(Photo, photo_id)
    path = settings.storage / f"photo-{photo_id}"
    if photo is None or photo.item_id != item_id or not path.is_file():
        raise refusal(404, Domain.ITEM + 5, "사진이 없습니다.")
    headers = {"ETag": f'"{photo.sha256[:32]}"', "Last-Modified": "Sat, 01 Jun 2024 09:00:00 GMT"}
    return FileResponse(path, filename=photo.filename, media_type=photo.content_type, headers=headers)
