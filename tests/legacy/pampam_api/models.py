"""The tables as SQLAlchemy sees them. `schema.sql` creates them; this module never does."""

from datetime import date, datetime
from typing import Annotated

from sqlalchemy import Date, ForeignKey, LargeBinary, String, Text
from sqlalchemy.dialects.mysql import DATETIME, TINYINT
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class Flag(TypeDecorator):
    """TINYINT(1), where NULL stays NULL and any other number is a truth value."""

    impl = TINYINT(1)
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return None if value is None else int(value)

    def process_result_value(self, value, dialect):
        return None if value is None else bool(value)


Key = Annotated[int, mapped_column(primary_key=True, autoincrement=True)]
Moment = Annotated[datetime, mapped_column(DATETIME(fsp=6))]
Line = Annotated[str, mapped_column(String(255))]
Prose = Annotated[str, mapped_column(Text)]
Blob = Annotated[bytes, mapped_column(LargeBinary)]


class Base(DeclarativeBase):
    """What all tables share: how annotations become column types."""

    type_annotation_map = {bool: Flag, date: Date}


class User(Base):
    """The whole `user` table, in the order of its columns."""

    __tablename__ = "user"

    id: Mapped[Key]
    created_time: Mapped[Moment | None]
    updated_time: Mapped[Moment | None]
    user_type: Mapped[Line | None]
    is_active: Mapped[bool | None]
    sns_type: Mapped[Line | None]
    sns_uid: Mapped[Line | None]
    email: Mapped[Prose]
    hashed_password: Mapped[Prose | None]
    name: Mapped[Line]
    profile_image: Mapped[Prose | None]
    point: Mapped[int | None]
    bpm: Mapped[int | None]
    favorite_users: Mapped[Blob | None]
    interest_items: Mapped[Blob | None]
    is_agree_push_chat: Mapped[bool | None]
    is_agree_push_keyword: Mapped[bool | None]
    is_agree_push_system: Mapped[bool | None]
    is_agree_push_ad: Mapped[bool | None]
    hashed_bank_password: Mapped[Prose | None]
    block_users: Mapped[Blob | None]
    blocked_by: Mapped[Blob | None]
    bank_password_changed_at: Mapped[Moment | None]
    is_agent: Mapped[bool | None]
    followed_by: Mapped[Blob | None]
    phone: Mapped[Line | None]
    quit_at: Mapped[date | None]
    email_backup: Mapped[Prose | None]
    keyword_list: Mapped[Blob | None]
    apple_refresh_token: Mapped[Prose | None]
    grade: Mapped[Line | None]
    pampam_name: Mapped[Line | None]
    pampam_position: Mapped[Line | None]
    kg_name: Mapped[Line | None]
    kg_phone: Mapped[Line | None]
    kg_birthday: Mapped[date | None]
    kg_gender: Mapped[Line | None]
    kg_ci: Mapped[Line | None]
    kg_di: Mapped[Line | None]
    kg_checked_at: Mapped[Moment | None]
    is_restricted: Mapped[bool | None]

    @property
    def is_banned(self) -> bool:
        return self.is_restricted is True

    @property
    def is_withdrawn(self) -> bool:
        return self.is_active is False

    @property
    def is_blocked(self) -> bool:
        return self.is_banned or self.is_withdrawn


class Item(Base):
    """Something offered for sale."""

    __tablename__ = "item"

    id: Mapped[Key]
    created_time: Mapped[Moment | None]
    updated_time: Mapped[Moment | None]
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    category: Mapped[Line]
    title: Mapped[Line]
    description: Mapped[Prose | None]
    price: Mapped[int]
    is_sold: Mapped[bool]


class Photo(Base):
    """A picture of an item; its bytes lie in the upload folder under the row's id."""

    __tablename__ = "item_photo"

    id: Mapped[Key]
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    filename: Mapped[Line]
    content_type: Mapped[Line]
    size: Mapped[int]
    sha256: Mapped[Line]
    caption: Mapped[Line | None]


class Deal(Base):
    """An offer of a buyer for an item, and what became of it."""

    __tablename__ = "deal"

    id: Mapped[Key]
    created_time: Mapped[Moment | None]
    updated_time: Mapped[Moment | None]
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    buyer_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    seller_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    price: Mapped[int]
    state: Mapped[Line]
    memo: Mapped[Prose | None]


class Review(Base):
    """What one party of a deal says about the other."""

    __tablename__ = "review"

    id: Mapped[Key]
    created_time: Mapped[Moment | None]
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"))
    writer_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    target_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    score: Mapped[int]
    text: Mapped[Prose | None]


class Notice(Base):
    """An announcement of the service, perhaps with a file."""

    __tablename__ = "notice"

    id: Mapped[Key]
    created_time: Mapped[Moment | None]
    updated_time: Mapped[Moment | None]
    title: Mapped[Line]
    body: Mapped[Prose]
    is_pinned: Mapped[bool]
    attachment: Mapped[Blob | None]
    attachment_name: Mapped[Line | None]
