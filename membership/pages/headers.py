"""Headers of every answer: what a browser may load, keep and tell."""

from urllib.parse import urlsplit

from flask import Flask, Response, request, session

from membership.config import STRIPE_API, Config

# They ask no cookie who it is, and say themselves how long they may be kept.
WHOEVER_ASKS = (
    "static",
    "theme.icon",
    "downloads.picture",
    "feeds.public",
    "feeds.private",
    "sitemap.sitemap",
    "sitemap.robots",
)
STRIPE_PAGES = "https://checkout.stripe.com https://billing.stripe.com"


def init_app(app: Flask, config: Config) -> None:
    always = [
        ("Content-Security-Policy", _policy(config)),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"),
    ]
    if config.https:
        always.append(("Strict-Transport-Security", "max-age=31536000; includeSubDomains"))

    @app.after_request
    def add(response: Response) -> Response:
        headers = response.headers
        if "Content-Security-Policy" in headers:  # the page has said what it needs
            for name, value in always:
                headers.setdefault(name, value)
        else:
            headers.extend(always)
        headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
        personal = _personal(response)
        if personal:
            # Only no-store keeps the Back button from showing a members' page after signing out.
            headers["Cache-Control"] = "no-store"
        if personal or response.mimetype == "text/html":  # drawn in the colours they chose
            response.vary.add("Cookie")
        return response


def _personal(response: Response) -> bool:
    """Whether the answer may depend on who asks: everybody we know anything of has a session."""
    if request.endpoint in WHOEVER_ASKS and response.status_code < 400:
        return False  # but the page that says what is wrong greets whoever asked
    return bool(session)


def _policy(config: Config) -> str:
    forms = f"'self' {STRIPE_PAGES}"
    if config.stripe_api_base != STRIPE_API:
        forms += f" {_origin(config.stripe_api_base)}"  # the sandbox's pages
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            f"form-action {forms}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
