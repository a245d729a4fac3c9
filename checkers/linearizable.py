"""The claim that each key is a linearizable register.

Invariants: pure; the verdict is that of `checkers.lincheck.check`.
"""

from __future__ import annotations

from typing import Literal

from checkers.anomalies import NOT_LINEARIZABLE
from checkers.history import History
from checkers.lincheck import CasRegister, Limits, Model, Register, check
from checkers.verdict import Verdict


class Linearizable:
    """Every operation takes effect at one moment between its call and its return. A `checkers.claim.Claim`.

    failed_cas: what a cas that answers false says, see `CasRegister`; of no meaning for the plain register.
    """

    anomalies: tuple[str, ...] = (NOT_LINEARIZABLE,)

    def __init__(
        self,
        model_name: Literal["register", "cas-register"],
        failed_cas: Literal["observation", "did-not-happen"] = "observation",
        *,
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        if model_name not in ("register", "cas-register"):
            raise ValueError(f'the model is "register" or "cas-register", not {model_name!r}')
        self.model: Model = Register() if model_name == "register" else CasRegister(failed_cas=failed_cas)
        self.limits = limits
        self.name = f"linearizable {model_name}"
        self.promise = (
            "each key is one register: an operation takes effect at one moment between call and return"
        )

    def __call__(self, history: History) -> Verdict:
        """Judge `history`. Raises ModelError for an operation that is none of the register's."""
        return check(history, self.model, limits=self.limits, everything=True)
