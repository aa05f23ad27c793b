"""What goes over the wire. No schema carries a password hash."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, EmailStr, Field


class Row(BaseModel):
    """Base of the schemas that are read from a table row."""

    model_config = ConfigDict(from_attributes=True)


class Token(BaseModel):
    access_token: str
    refresh_token: str
    token_type: str = "bearer"


class User(Row):
    """The user object: 23 columns, in this order."""

    id: int
    created_time: datetime | None
    updated_time: datetime | None
    user_type: str | None
    is_active: bool | None
    sns_type: str | None
    email: str
    name: str
    profile_image: str | None
    point: int | None
    bpm: int | None
    is_agree_push_chat: bool | None
    is_agree_push_keyword: bool | None
    is_agree_push_system: bool | None
    is_agree_push_ad: bool | None
    bank_password_changed_at: datetime | None
    is_agent: bool | None
    phone: str | None
    quit_at: date | None
    grade: str | None
    pampam_name: str | None
    pampam_position: str | None
    is_restricted: bool | None


class SignedInUser(User):
    """What a login answers: the user object, then the tokens."""

    token: Token


class Profile(Row):
    """What other members see."""

    id: int
    name: str
    profile_image: str | None
    grade: str | None
    pampam_name: str | None


class SignUp(BaseModel):
    email: EmailStr
    password: str = Field(min_length=8)
    name: str = Field(min_length=1, max_length=40)
    phone: str | None = None


class ProfileChange(BaseModel):
    name: str | None = Field(default=None, min_length=1, max_length=40)
    phone: str | None = None
    is_agree_push_ad: bool | None = None


class Credentials(BaseModel):
    email: EmailStr
    password: str


class PresentedToken(BaseModel):
    token: str


class ItemDraft(BaseModel):
    category: str = Field(min_length=1, max_length=40)
    title: str = Field(min_length=1, max_length=100)
    description: str | None = None
    price: int = Field(ge=0)


class ItemChange(BaseModel):
    title: str | None = Field(default=None, min_length=1, max_length=100)
    description: str | None = None
    price: int | None = Field(default=None, ge=0)
    is_sold: bool | None = None


class Item(Row):
    id: int
    created_time: datetime | None
    updated_time: datetime | None
    owner_id: int
    category: str
    title: str
    description: str | None
    price: int
    is_sold: bool
    is_mine: bool = False


class Photo(Row):
    id: int
    item_id: int
    filename: str
    content_type: str
    size: int
    sha256: str
    caption: str | None


class DealDraft(BaseModel):
    item_id: int
    price: int = Field(ge=0)


class Deal(Row):
    id: int
    created_time: datetime | None
    updated_time: datetime | None
    item_id: int
    buyer_id: int
    seller_id: int
    price: int
    state: str
    memo: str | None


class ReviewChange(BaseModel):
    score: int = Field(ge=1, le=5)
    text: str | None = None


class Review(Row):
    id: int
    created_time: datetime | None
    deal_id: int
    writer_id: int
    target_id: int
    score: int
    text: str | None


class NoticeDraft(BaseModel):
    title: str = Field(min_length=1, max_length=100)
    body: str
    is_pinned: bool = False


class Notice(Row):
    id: int
    created_time: datetime | None
    updated_time: datetime | None
    title: str
    body: str
    is_pinned: bool
    attachment_name: str | None
