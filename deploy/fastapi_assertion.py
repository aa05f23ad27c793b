"""Who is calling, by sidegate's assertion instead of a header that anybody could send: pip install fastapi "pyjwt[crypto]"."""

import os
from typing import Annotated

import jwt
from fastapi import Depends, Header, HTTPException

KEYS = jwt.PyJWKClient(os.environ["SIDEGATE_KEYS"], lifespan=300, timeout=3)  # http://GATEWAY/.well-known/jwks.json
EXPECTED = {"audience": os.getenv("SIDEGATE_AUDIENCE", "api"), "issuer": "sidegate"}  # the upstream's name in gateway.yaml


def caller(x_sidegate_assertion: Annotated[str, Header()] = "") -> dict:
    try:
        key = KEYS.get_signing_key_from_jwt(x_sidegate_assertion)
        token = jwt.decode_complete(x_sidegate_assertion, key, algorithms=["ES256"], leeway=5, options={"require": ["exp", "sub"]}, **EXPECTED)
        if token["header"].get("typ") != "assertion+jwt":
            raise jwt.InvalidTokenError("another kind of token")
        return token["payload"]
    except jwt.PyJWKClientConnectionError as error:
        raise HTTPException(503, "the keys of the gateway cannot be read") from error
    except jwt.PyJWTError as error:
        raise HTTPException(401, "the gateway has not sent this") from error


Caller = Annotated[dict, Depends(caller)]  # def orders(caller: Caller): ... caller["sub"]
