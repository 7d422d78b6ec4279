"""Settings: everything a process reads from its environment, read once, in one place."""

import ipaddress
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

logger = logging.getLogger("casare_cloud")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


JWT_ALGORITHMS = ("", "HS256", "ES256", "ES384", "RS256", "RS384", "RS512", "EdDSA")


PASSWORD_CLASSES = ("upper", "lower", "digit", "symbol")
PASSWORD_BYTES = 72  # that bcrypt reads, with which Auth keeps passwords


class ConfigurationError(Exception):
    """The environment does not describe a system that may start; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a function, the gateway or a command needs to know about the world.

    Names of the environment variables are the upper-case field names, except those with a `CASARE_` prefix and those
    of document 000 ("Environment Variables"). Values that are secrets are left out of `repr`.
    """

    database_url: str = field(default="", repr=False)
    supabase_url: str = "http://127.0.0.1:54321"
    supabase_publishable_key: str = ""
    supabase_secret_key: str = field(default="", repr=False)
    # Also JWT_SECRET_KEY: accept Auth's HS256 tokens too; empty: asymmetric keys only.
    supabase_jwt_secret: str = field(default="", repr=False)
    jwt_algorithm: str = ""  # the only algorithm of access tokens that is accepted; empty: those of Auth's keys
    signing_key: str = field(
        default="", repr=False
    )  # CASARE_SIGNING_KEY: ES256 private JWK that robot tokens are signed with
    # CASARE_SECRET_KEYS: name:key,… with which secrets that are signed with are sealed; see casare_cloud.key_ring
    secret_keys: str = field(default="", repr=False)
    orchestrator_url: str = ""  # ORCHESTRATOR_URL: where the function `orchestrator` is reached, by the dashboard
    webhooks_url: str = ""  # WEBHOOKS_URL: where the function `webhooks` is reached, for the URLs of triggers
    is_local: bool = False  # CASARE_LOCAL=1: the embedded stack
    jwt_dev_mode: bool = False  # a request without credentials acts as the first administrator; local stack only
    trusted_proxies: tuple[Network, ...] = ()  # CASARE_TRUSTED_PROXIES: may name the client's address
    allowed_origins: tuple[str, ...] = ()  # CASARE_ALLOWED_ORIGINS: whose pages may use the API from a browser; or *
    gateway_sockets: int = 2000  # CASARE_GATEWAY_SOCKETS: that one process of the gateway keeps open
    pool_size: int = 4  # CASARE_POOL_SIZE: connections of one process
    rate_limits: bool = True  # CASARE_RATE_LIMITS: refuse what exceeds the limits of the documents
    # CASARE_PASSWORD_MIN_LENGTH and CASARE_PASSWORD_CLASSES: what a registration must bring
    password_min_length: int = 8
    password_classes: tuple[str, ...] = ("upper", "lower", "digit")
    robot_token_seconds: int = 3600  # CASARE_ROBOT_TOKEN_SECONDS: life of a direct-mode token, 600..3600
    robot_auth_enabled: bool = False  # accept robot tokens without our prefix and checksum (imported ROBOT_TOKENS)
    workflow_backup_enabled: bool = True
    workflows_dir: str = "./workflows"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read and check the settings; raises `ConfigurationError` with a sentence that names the variable."""
        env = os.environ if environ is None else environ
        _check_documented(env)
        settings = cls(
            database_url=env.get("DATABASE_URL", ""),
            supabase_url=env.get("SUPABASE_URL", "http://127.0.0.1:54321").rstrip("/"),
            supabase_publishable_key=env.get("SUPABASE_PUBLISHABLE_KEY", ""),
            supabase_secret_key=env.get("SUPABASE_SECRET_KEY", ""),
            supabase_jwt_secret=env.get("SUPABASE_JWT_SECRET", "") or env.get("JWT_SECRET_KEY", ""),
            jwt_algorithm=env.get("JWT_ALGORITHM", "").strip(),
            signing_key=env.get("CASARE_SIGNING_KEY", ""),
            secret_keys=env.get("CASARE_SECRET_KEYS", ""),
            orchestrator_url=env.get("ORCHESTRATOR_URL", "").rstrip("/"),
            webhooks_url=env.get("WEBHOOKS_URL", "").rstrip("/"),
            is_local=_flag(env, "CASARE_LOCAL", False),
            jwt_dev_mode=_flag(env, "JWT_DEV_MODE", False),
            trusted_proxies=_networks(env.get("CASARE_TRUSTED_PROXIES", "")),
            allowed_origins=_origins(env.get("CASARE_ALLOWED_ORIGINS", "")),
            gateway_sockets=_integer(env, "CASARE_GATEWAY_SOCKETS", 2000, 1, 100_000),
            pool_size=_integer(env, "CASARE_POOL_SIZE", 4, 1, 100),
            rate_limits=_flag(env, "CASARE_RATE_LIMITS", True),
            password_min_length=_integer(env, "CASARE_PASSWORD_MIN_LENGTH", 8, 8, PASSWORD_BYTES),
            password_classes=_classes(env.get("CASARE_PASSWORD_CLASSES", "")),
            robot_token_seconds=_integer(env, "CASARE_ROBOT_TOKEN_SECONDS", 3600, 600, 3600),
            robot_auth_enabled=_flag(env, "ROBOT_AUTH_ENABLED", False),
            workflow_backup_enabled=_flag(env, "WORKFLOW_BACKUP_ENABLED", True),
            workflows_dir=env.get("WORKFLOWS_DIR", "") or "./workflows",
        )
        settings.check()
        return settings

    def check(self) -> None:
        """Refuse combinations that must not run: developer mode anywhere but on the local stack."""
        if self.jwt_dev_mode and not (self.is_local and is_loopback(self.database_url)):
            raise ConfigurationError(
                "JWT_DEV_MODE switches authentication off and is only allowed on the local stack: "
                "unset it, or set CASARE_LOCAL=1 with a DATABASE_URL on 127.0.0.1."
            )
        if self.supabase_jwt_secret and len(self.supabase_jwt_secret) < 32:
            raise ConfigurationError(
                "SUPABASE_JWT_SECRET (or JWT_SECRET_KEY) must have at least 32 characters, or be unset."
            )
        if self.jwt_algorithm == "HS256" and not self.supabase_jwt_secret:
            raise ConfigurationError("JWT_ALGORITHM=HS256 needs JWT_SECRET_KEY, the secret of Auth's tokens.")
        if self.jwt_algorithm not in ("", "HS256") and self.supabase_jwt_secret:
            raise ConfigurationError(
                f"JWT_SECRET_KEY is for HS256 and JWT_ALGORITHM is {self.jwt_algorithm}: unset one of them."
            )
        if self.jwt_algorithm not in JWT_ALGORITHMS:
            raise ConfigurationError(f"JWT_ALGORITHM must be one of {', '.join(filter(None, JWT_ALGORITHMS))}.")
        scheme, separator, rest = self.workflows_dir.partition("://")
        if separator and (scheme != "s3" or not rest.strip("/")):
            raise ConfigurationError("WORKFLOWS_DIR must be a folder, or s3://bucket/prefix.")


def _check_documented(env: Mapping[str, str]) -> None:
    """The variables of document 000 that something else decides here: a value that could not be honoured is refused."""
    for name, usual, ruler in (
        ("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "60", "jwt_expiry"),
        ("JWT_REFRESH_TOKEN_EXPIRE_DAYS", "7", "sessions.inactivity_timeout"),
    ):
        if env.get(name, "").strip() not in ("", usual):
            raise ConfigurationError(
                f"{name} has no effect here: Supabase Auth decides how long tokens live. "
                f"Set auth.{ruler} of the project (supabase/config.toml), and unset {name}."
            )
    if not _flag(env, "DB_ENABLED", True):
        raise ConfigurationError("DB_ENABLED=false cannot be: the database is the service. Unset DB_ENABLED.")
    if _flag(env, "USE_MEMORY_QUEUE", False):
        raise ConfigurationError("USE_MEMORY_QUEUE has no meaning here: the queue is in Postgres. Unset it.")
    secrets = {env[name] for name in ("SUPABASE_JWT_SECRET", "JWT_SECRET_KEY") if env.get(name)}
    if len(secrets) > 1:
        raise ConfigurationError("JWT_SECRET_KEY and SUPABASE_JWT_SECRET are two names of one secret, but they differ.")
    if env.get("ROBOT_TOKENS", "").strip():
        if not _flag(env, "ROBOT_AUTH_ENABLED", False):
            raise ConfigurationError("ROBOT_TOKENS is set without ROBOT_AUTH_ENABLED=true: set both, or unset both.")
        logger.warning(
            "ROBOT_TOKENS is not read at start: keys belong to a tenant. "
            "Run `casare-cloud keys import-robot-tokens` once as its administrator, and unset it."
        )


def is_loopback(database_url: str) -> bool:
    """Whether every host that a connection string names is this machine (a loopback address or a Unix socket)."""
    if "://" in database_url:
        parts = urlsplit(database_url)
        hosts = [_host_of(item) for item in parts.netloc.rpartition("@")[2].split(",")]
        for key, value in parse_qsl(parts.query):
            if key in ("host", "hostaddr"):
                hosts += value.split(",")
            if key == "service":
                return False
    else:
        pairs = dict(item.partition("=")[::2] for item in database_url.split() if "=" in item)
        if "service" in pairs:
            return False
        hosts = [*pairs.get("host", "").split(","), *pairs.get("hostaddr", "").split(",")]
    named = [unquote(host).strip("'") for host in hosts if host]
    return bool(named) and all(_is_loopback_host(host) for host in named)


def _host_of(item: str) -> str:
    if item.startswith("["):
        return item[1:].partition("]")[0]
    return item.partition(":")[0]


def _is_loopback_host(host: str) -> bool:
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _flag(env: Mapping[str, str], name: str, default: bool) -> bool:
    text = env.get(name, "").strip().lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    if not text:
        return default
    raise ConfigurationError(f"{name} must be true or false, not {text!r}.")


def _integer(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise ConfigurationError(f"{name} must be a whole number from {low} to {high}, not {text!r}.")
    return int(text)


def _classes(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(item.strip().lower() for item in text.split(",") if item.strip()))
    if names == ("none",):
        return ()
    if not set(names) <= set(PASSWORD_CLASSES):
        raise ConfigurationError(
            f"CASARE_PASSWORD_CLASSES must be some of {', '.join(PASSWORD_CLASSES)}, separated by commas, or none; "
            f"not {text!r}."
        )
    return names or ("upper", "lower", "digit")


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(item.strip().lower() for item in text.split(",") if item.strip())
    for origin in origins:
        if origin != "*" and not re.fullmatch(r"https?://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", origin):
            raise ConfigurationError(
                "CASARE_ALLOWED_ORIGINS must be origins such as https://app.example.org, without a path, separated by "
                f"commas, or *: {origin!r} is none."
            )
    return origins


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(item.strip(), strict=False) for item in text.split(",") if item.strip())
    except ValueError as error:
        raise ConfigurationError(f"CASARE_TRUSTED_PROXIES must be addresses or networks: {error}.") from error
