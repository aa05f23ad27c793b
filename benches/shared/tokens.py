"""JSON Web Tokens, good ones and bad ones, with nothing but the standard library."""

import base64
import hashlib
import hmac
import json
import time

ACCESS_SECRET = "bench-access-secret-of-forty-characters!"
REFRESH_SECRET = "bench-refresh-secret-of-forty-characters"


def encode(data):
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def mint(subject, lifetime=30 * 86_400, secret=ACCESS_SECRET, algorithm="HS256"):
    """A token with exactly the claims `exp` and `sub`, the subject as a string."""
    claims = {"exp": int(time.time()) + lifetime, "sub": str(subject)}
    parts = [{"alg": algorithm, "typ": "JWT"}, claims]
    signed = ".".join(encode(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    if algorithm == "none":
        return signed + "."
    return signed + "." + encode(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())
