"""What every answer carries: a strict content policy, no guessing of types, no framing, no caching of pages."""

from __future__ import annotations

from flask import Flask, Response, g, request
from flask_wtf.csrf import CSRFProtect

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "frame-src": "'self'",
    "frame-ancestors": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
}
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"  # a file shown by the browser
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

csrf = CSRFProtect()


def allow_inline_styles() -> None:
    """For a page with an editor that writes style attributes (the designer's). Scripts stay strict."""
    g.inline_styles = True


def policy() -> str:
    """The content policy of this page."""
    parts = dict(POLICY)
    if g.get("inline_styles"):
        parts["style-src"] = "'self' 'unsafe-inline'"
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def _protect(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", policy())
    if request.endpoint == "static":
        # names under dist/ carry a hash of their content
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def install(app: Flask) -> None:
    """CSRF protection for every POST, headers on every answer."""
    csrf.init_app(app)
    app.after_request(_protect)
