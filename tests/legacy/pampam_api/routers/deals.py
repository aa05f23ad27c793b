"""Offers between members: proposed, then accepted or cancelled. Only the two parties see one."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Response
from sqlalchemy import func, or_, select

from .. import schemas
from ..database import Database
from ..errors import Domain, refusal
from ..models import Deal, Item, User
from ..security import Configured, Member

router = APIRouter(prefix="/deals", tags=["deals"])


@router.get("", response_model=list[schemas.Deal])
def listing(
    member: Member,
    response: Response,
    database: Database,
    state: Annotated[list[str] | None, Query()] = None,
    role: Literal["buyer", "seller", "any"] = "any",
):
    sides = {"buyer": Deal.buyer_id == member.id, "seller": Deal.seller_id == member.id}
    query = select(Deal).where(sides[role] if role in sides else or_(*sides.values()))
    if state:
        query = query.where(Deal.state.in_(state))
    response.headers["X-Total-Count"] = str(database.scalar(select(func.count()).select_from(query.subquery())))
    return database.scalars(query.order_by(Deal.id)).all()


@router.post("", response_model=schemas.Deal, status_code=201)
def propose(draft: schemas.DealDraft, response: Response, member: Member, database: Database, settings: Configured):
    item = database.get(Item, draft.item_id)
    if item is None:
        raise refusal(404, Domain.ITEM + 4, "존재하지 않는 상품입니다.")
    if item.owner_id == member.id:
        raise refusal(400, Domain.DEAL + 1, "본인의 상품은 구매할 수 없습니다.")
    if item.is_sold:
        raise refusal(409, Domain.DEAL + 9, "이미 판매된 상품입니다.")
    now = settings.row_time()
    deal = Deal(
        created_time=now, updated_time=now, item_id=item.id, buyer_id=member.id, seller_id=item.owner_id,
        price=draft.price, state="proposed",
    )
    database.add(deal)
    database.commit()
    response.headers["Location"] = f"/deals/{deal.id}"
    return deal


def _party(deal_id: int, member: User, database: Database) -> Deal:
    deal = database.get(Deal, deal_id)
    if deal is None:
        raise refusal(404, Domain.DEAL + 4, "존재하지 않는 거래입니다.")
    if member.id not in (deal.buyer_id, deal.seller_id):
        raise refusal(403, Domain.DEAL + 3, "거래 당사자가 아닙니다.")
    return deal


@router.get("/{deal_id}", response_model=schemas.Deal)
def detail(deal_id: int, member: Member, database: Database):
    return _party(deal_id, member, database)


@router.post("/{deal_id}/accept", response_model=schemas.Deal)
def accept(deal_id: int, member: Member, database: Database, settings: Configured):
    deal = _party(deal_id, member, database)
    if member.id != deal.seller_id:
        raise refusal(403, Domain.DEAL + 5, "판매자만 수락할 수 있습니다.")
    return _moved(deal, "accepted", database, settings)


@router.post("/{deal_id}/cancel", response_model=schemas.Deal)
def cancel(deal_id: int, member: Member, database: Database, settings: Configured):
    return _moved(_party(deal_id, member, database), "cancelled", database, settings)


def _moved(deal: Deal, state: str, database: Database, settings: Configured) -> Deal:
    if deal.state != "proposed":
        raise refusal(409, Domain.DEAL + 8, "이미 처리된 거래입니다.")
    deal.state = state
    deal.updated_time = settings.row_time()
    database.commit()
    return deal


@router.put("/{deal_id}/memo", response_model=schemas.Deal)
def write_memo(deal_id: int, member: Member, database: Database, memo: Annotated[str, Form(max_length=500)]):
    deal = _party(deal_id, member, database)
    deal.memo = memo
    database.commit()
    return deal


@router.get("/{deal_id}/receipt")
def receipt(deal_id: int, member: Member, database: Database):
    deal = _party(deal_id, member, database)
    text = f"거래 {deal.id}\n상품 {deal.item_id}\n금액 {deal.price:,}원\n상태 {deal.state}\n"
    headers = {"Content-Disposition": f'attachment; filename="receipt-{deal.id}.txt"', "Cache-Control": "no-store"}
    return Response(text, media_type="text/plain", headers=headers)


@router.delete("/{deal_id}", status_code=204)
def remove(deal_id: int, member: Member, database: Database):
    deal = _party(deal_id, member, database)
    if deal.state == "accepted":
        raise refusal(409, Domain.DEAL + 7, "수락된 거래는 삭제할 수 없습니다.")
    database.delete(deal)
    database.commit()
