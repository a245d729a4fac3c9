"""`hosts.toml`: which machines there are, and how to log in to each.

    user = "tester"                      # these hold for every host that does not say otherwise
    key = "~/.ssh/splitbrain"

    [[hosts]]
    address = "10.0.0.11"

    [[hosts]]
    address = "10.0.0.12"
    port = 2222

    [jump]                               # only if the hosts are behind one
    address = "bastion.example.org"

Invariants: whatever is wrong is one ConfigError that names the file and the key, unknown keys with a
suggestion; a secret is never in the file, only the name of the environment variable that holds it, and that
variable is taken out of the environment when it is read, so that no program we start inherits it.
"""

from __future__ import annotations

import getpass
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from harness.config import as_seconds, suggestion
from harness.errors import ConfigError

_taken: dict[str, SecretStr] = {}


def _home(value: Any) -> Any:
    return Path(value).expanduser() if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(as_seconds), Field(gt=0, le=3600)]
Home = Annotated[Path, BeforeValidator(_home)]


class Login(BaseModel):
    """How to reach one machine. Times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field(min_length=1, max_length=253)
    port: int = Field(22, ge=1, le=65535)
    user: str = Field(default_factory=getpass.getuser, min_length=1)
    key: Home | None = None
    key_passphrase_env: str | None = None
    password_env: str | None = None
    known_hosts: Home = Path("~/.ssh/known_hosts").expanduser()
    host_keys: Literal["known", "accept-new"] = "known"
    connect_timeout: Seconds = 10.0

    @property
    def where(self) -> str:
        """The machine, for messages."""
        return f"{self.address} port {self.port}"


class HostEntry(Login):
    """A machine that one node runs on.

    inside: its IPv4 address as the other nodes know it, where that is another than `address`. folder: all
    that we put there is under it.
    """

    inside: str | None = None
    sudo_password_env: str | None = None
    python: str = "python3"
    folder: str = Field("/var/tmp/splitbrain", pattern=r"^/[^\s'\"]+$")
    call_timeout: Seconds = 30.0
    max_clock_offset: Seconds = 60.0


class Inventory(BaseModel):
    """The hosts in order: n1 runs on the first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hosts: tuple[HostEntry, ...] = Field(min_length=1)
    jump: Login | None = None


_DEFAULTS = frozenset(HostEntry.model_fields) - {"address", "inside"}


def read(path: str) -> Inventory:
    """The inventory of the file. Raises ConfigError."""
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "not a text in UTF-8"
        raise ConfigError(f"--hosts {path}: {problem}", fix="see docs/ssh.md for what is in it") from None
    return parse(text, path)


def parse(text: str, path: str) -> Inventory:
    """The inventory of a text, `path` being its name in messages. Raises ConfigError."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: {error or 'nested too deeply'}", fix="mend the TOML there") from None
    if not isinstance(table.get("hosts"), list) or not all(isinstance(h, dict) for h in table["hosts"]):
        raise ConfigError(f"{path}: no [[hosts]]", fix='add one for each node: [[hosts]], then address = "…"')
    defaults = {key: value for key, value in table.items() if key in _DEFAULTS}
    logins = {key: value for key, value in defaults.items() if key in Login.model_fields}
    jump = table.get("jump")
    merged = {
        **{key: value for key, value in table.items() if key not in _DEFAULTS},
        "hosts": [{**defaults, **host} for host in table["hosts"]],
        # A jump host is another machine, often with another port: who we are is what it shares.
        **({"jump": {**_without(logins, "port"), **jump}} if isinstance(jump, dict) else {}),
    }
    try:
        inventory = Inventory.model_validate(merged)
    except ValidationError as error:
        raise ConfigError(
            f"{path}: " + "; ".join(_told(fault) for fault in error.errors()), fix="see docs/ssh.md"
        ) from None
    _check(inventory, path)
    return inventory


def check_secrets(inventory: Inventory) -> None:
    """Raises ConfigError for a secret whose variable is not there."""
    for login in (*inventory.hosts, *((inventory.jump,) if inventory.jump else ())):
        for key in ("password_env", "key_passphrase_env", "sudo_password_env"):
            secret(getattr(login, key, None), key)


def secret(variable: str | None, key: str) -> str | None:
    """What the environment variable held, which `key` of the file names. Raises ConfigError if there is
    none."""
    if variable is None:
        return None
    if variable not in _taken:
        value = os.environ.pop(variable, None)
        if value is None:
            raise ConfigError(
                f"{key} = {variable!r}: there is no such environment variable", fix=f"export {variable}=…"
            )
        _taken[variable] = SecretStr(value)
    return _taken[variable].get_secret_value()


def _without(table: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name != key}


def _told(fault: Any) -> str:
    """One fault of pydantic's in our words, with the host counted from 1."""
    place = [f"{part + 1}" if isinstance(part, int) else str(part) for part in fault["loc"]]
    where = " ".join(place)
    if fault["type"] == "extra_forbidden":
        known: set[str] = set(HostEntry.model_fields) if "hosts" in place else set(Login.model_fields)
        if len(place) == 1:
            known = {"hosts", "jump"} | _DEFAULTS
        return f"{where}: unknown key ({suggestion(place[-1], known)})"
    return f"{where}: {fault['msg']}"


def _check(inventory: Inventory, path: str) -> None:
    seen: dict[tuple[str, int], int] = {}
    for number, host in enumerate(inventory.hosts, 1):
        twin = seen.setdefault((host.address, host.port), number)
        if twin != number:
            raise ConfigError(
                f"{path}: hosts {twin} and {number} are both {host.where}",
                fix="two nodes of one machine cannot be cut apart: name each machine once",
            )
    logins = [("jump", inventory.jump)] if inventory.jump else []
    for name, login in [*((f"hosts {n}", h) for n, h in enumerate(inventory.hosts, 1)), *logins]:
        if login.key is not None and not login.key.is_file():
            raise ConfigError(
                f"{path}: {name} key: no file {login.key}", fix="give the path of a private key"
            )
