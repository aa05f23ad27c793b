"""Reviews of a deal's other party. Reading is open; writing is an ordinary form post."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
from sqlalchemy import func, select

from .. import schemas
from ..database import Database
from ..errors import Domain, refusal
from ..models import Deal, Review, User
from ..security import Configured, Member

router = APIRouter(prefix="/reviews", tags=["reviews"])


@router.get("", response_model=list[schemas.Review])
def listing(
    response: Response,
    database: Database,
    target_id: Annotated[list[int] | None, Query()] = None,
    min_score: Annotated[int, Query(ge=1, le=5)] = 1,
):
    query = select(Review).where(Review.score >= min_score)
    if target_id:
        query = query.where(Review.target_id.in_(target_id))
    response.headers["X-Total-Count"] = str(database.scalar(select(func.count()).select_from(query.subquery())))
    response.headers["X-Average-Score"] = str(database.scalar(select(func.avg(query.subquery().c.score))))
    return database.scalars(query.order_by(Review.id)).all()


@router.post("", response_model=schemas.Review, status_code=201)
def write(
    member: Member,
    database: Database,
    settings: Configured,
    deal_id: Annotated[int, Form()],
    score: Annotated[int, Form(ge=1, le=5)],
    text: Annotated[str | None, Form()] = None,
):
    deal = database.get(Deal, deal_id)
    if deal is None or member.id not in (deal.buyer_id, deal.seller_id):
        raise refusal(403, Domain.REVIEW + 3, "거래 당사자가 아닙니다.")
    if database.scalar(select(func.count()).where(Review.deal_id == deal_id, Review.writer_id == member.id)):
        raise refusal(409, Domain.REVIEW + 9, "이미 작성한 후기입니다.")
    target = deal.seller_id if member.id == deal.buyer_id else deal.buyer_id
    review = Review(
        created_time=settings.row_time(), deal_id=deal_id, writer_id=member.id, target_id=target, score=score, text=text
    )
    database.add(review)
    database.commit()
    return review


@router.get("/{review_id}", response_model=schemas.Review)
def detail(review_id: int, database: Database):
    return _existing(review_id, database)


def _existing(review_id: int, database: Database) -> Review:
    review = database.get(Review, review_id)
    if review is None:
        raise refusal(404, Domain.REVIEW + 4, "존재하지 않는 후기입니다.")
    return review


def _own(review_id: int, member: User, database: Database) -> Review:
    review = _existing(review_id, database)
    if review.writer_id != member.id:
        raise refusal(403, Domain.REVIEW + 5, "본인의 후기가 아닙니다.")
    return review


@router.put("/{review_id}", response_model=schemas.Review)
def change(review_id: int, change: schemas.ReviewChange, member: Member, database: Database):
    review = _own(review_id, member, database)
    review.score, review.text = change.score, change.text
    database.commit()
    return review


@router.delete("/{review_id}", status_code=204)
def remove(review_id: int, member: Member, database: Database):
    database.delete(_own(review_id, member, database))
    database.commit()
