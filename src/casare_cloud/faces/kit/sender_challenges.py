"""Questions that well-known senders ask before they deliver: is this address yours?"""

import hmac
from collections.abc import Mapping
from typing import Any

from casare_cloud.domain.triggers.receiving import Webhook
from casare_cloud.errors import AuthenticationFailed


def may_be_unproven(query: Mapping[str, str]) -> bool:
    """Whether a request may be a challenge that carries no signature."""
    return "hub.challenge" in query or "validationToken" in query


def answer_unproven(webhook: Webhook, method: str, query: Mapping[str, str]) -> str | None:
    """The text that answers a challenge which carries no signature; None when the request is none.

    Meta asks by GET with a token that it was given; Microsoft Graph by POST, and wants its own token back.
    """
    if method == "GET" and query.get("hub.mode") == "subscribe" and "hub.challenge" in query:
        token = webhook.config.get("verify_token")
        given = query.get("hub.verify_token", "")
        if token is None or not hmac.compare_digest(given.encode("utf-8", "replace"), str(token).encode()):
            raise AuthenticationFailed("Invalid or missing credentials")
        return query["hub.challenge"]
    if webhook.config.get("auth") == "graph" and "validationToken" in query:
        return query["validationToken"]
    return None


def answer_proven(webhook: Webhook, payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer to a challenge that was signed as deliveries are: Slack's and Zoom's; None when it is a delivery."""
    auth = webhook.config.get("auth")
    if auth == "slack" and payload.get("type") == "url_verification" and isinstance(payload.get("challenge"), str):
        return {"challenge": payload["challenge"]}
    if auth == "zoom" and payload.get("event") == "endpoint.url_validation":
        details = payload.get("payload")
        token = details.get("plainToken") if isinstance(details, dict) else None
        if isinstance(token, str) and webhook.secrets.plain:
            digest = hmac.new(webhook.secrets.plain[0], token.encode("utf-8", "replace"), "sha256").hexdigest()
            return {"plainToken": token, "encryptedToken": digest}
    return None
