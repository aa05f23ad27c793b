"""Announcements: open to everybody, written by administrators."""

import html
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from .. import schemas
from ..database import Database
from ..errors import Domain, refusal
from ..models import Notice
from ..security import Administrator, Configured

router = APIRouter(prefix="/notices", tags=["notices"])


def _existing(notice_id: int, database: Database) -> Notice:
    notice = database.get(Notice, notice_id)
    if notice is None:
        raise refusal(404, Domain.SERVICE_NOTICE + 4, "존재하지 않는 공지입니다.")
    return notice


@router.get("", response_model=list[schemas.Notice])
def listing(response: Response, database: Database, pinned: bool | None = None):
    query = select(Notice).order_by(Notice.is_pinned.desc(), Notice.id.desc())
    if pinned is not None:
        query = query.where(Notice.is_pinned == pinned)
    rows = database.scalars(query).all()
    response.headers["X-Total-Count"] = str(len(rows))
    response.headers["Cache-Control"] = "public, max-age=60"
    return rows


@router.get("/feed.xml")
def feed(database: Database):
    titles = "".join(
        f"<entry><id>{notice.id}</id><title>{html.escape(notice.title)}</title></entry>"
        for notice in database.scalars(select(Notice).order_by(Notice.id))
    )
    text = f'<?xml version="1.0" encoding="utf-8"?>\n<feed>{titles}</feed>\n'
    return Response(text, media_type="application/xml")


@router.get("/{notice_id}", response_model=schemas.Notice)
def detail(
    notice_id: int,
    response: Response,
    database: Database,
    if_none_match: Annotated[str | None, Header()] = None,
):
    notice = _existing(notice_id, database)
    tag = f'W/"notice-{notice.id}-{notice.updated_time:%Y%m%d%H%M%S}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=60", "X-Notice-Pinned": str(notice.is_pinned).lower()}
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return notice


@router.get("/{notice_id}/page", response_class=HTMLResponse)
def page(notice_id: int, database: Database):
    notice = _existing(notice_id, database)
    return f"<!doctype html><title>{html.escape(notice.title)}</title><p>{html.escape(notice.body)}</p>"


@router.get("/{notice_id}/attachment")
def attachment(notice_id: int, database: Database):
    notice = _existing(notice_id, database)
    if notice.attachment is None:
        raise refusal(404, Domain.SERVICE_NOTICE + 5, "첨부 파일이 없습니다.")
    name = quote(notice.attachment_name or "attachment")
    headers = {"Content-Disposition": f"attachment; filename*=utf-8''{name}"}
    return Response(notice.attachment, media_type="application/octet-stream", headers=headers)


@router.post("/{notice_id}/dismissal", status_code=204)
def dismiss(notice_id: int, database: Database):
    notice = _existing(notice_id, database)
    response = Response(status_code=204)
    response.set_cookie(f"dismissed_{notice.id}", "1", max_age=604800, secure=True, samesite="strict")
    # Not `delete_cookie`, whose expiry is the time of the request.
    response.set_cookie("notice_popup", "", max_age=0, expires="Thu, 01 Jan 1970 00:00:00 GMT")
    return response


@router.post("", response_model=schemas.Notice, status_code=201)
def publish(
    draft: schemas.NoticeDraft, response: Response, administrator: Administrator, database: Database, settings: Configured
):
    now = settings.row_time()
    notice = Notice(**draft.model_dump(), created_time=now, updated_time=now)
    database.add(notice)
    database.commit()
    response.headers["Location"] = f"/notices/{notice.id}"
    return notice


@router.put("/{notice_id}", response_model=schemas.Notice)
def rewrite(
    notice_id: int, draft: schemas.NoticeDraft, administrator: Administrator, database: Database, settings: Configured
):
    notice = _existing(notice_id, database)
    for column, value in draft.model_dump().items():
        setattr(notice, column, value)
    notice.updated_time = settings.row_time()
    database.commit()
    return notice


@router.delete("/{notice_id}", status_code=204)
def remove(notice_id: int, administrator: Administrator, database: Database):
    database.delete(_existing(notice_id, database))
    database.commit()
