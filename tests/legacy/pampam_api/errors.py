"""Error bodies: a number made of a domain base and a particular error, and a message."""

from enum import IntEnum

from fastapi import HTTPException


class Domain(IntEnum):
    """The bases. `USER + 92` is the 192 of a refused login."""

    USER = 100
    ITEM = 200
    ADDRESS = 300
    DEAL = 400
    REVIEW = 500
    DEVICE = 600
    CONTACT_REQUEST = 700
    TRADE_REQUEST = 800
    MANAGEMENT = 900
    SERVICE_NOTICE = 1000
    FAQ = 1100
    QNA = 1200
    REPORT = 1300
    BANK_ACCOUNT = 1400
    CASH_OUT = 1500
    CHARGE = 1600
    TOKEN = 1700
    TRANSACTION = 1800
    POINT = 1900
    COMMENT = 2000
    SHOPPING_HISTORY = 2100


def error_log(code: int, message: str) -> dict:
    """`code` is already the sum of base and particular error: 192, not 92."""
    return {"error_code": code, "message": message}


def refusal(status: int, code: int, message: str) -> HTTPException:
    """The exception whose body is `{"detail": error_log(code, message)}`."""
    return HTTPException(status_code=status, detail=error_log(int(code), message))
