"""The claim that each key is linearizable, as a register or as a tree of files.

Invariants: pure; the verdict is that of `checkers.lincheck.check`.
"""

from __future__ import annotations

from typing import Literal, get_args

from checkers.anomalies import NOT_LINEARIZABLE
from checkers.history import History
from checkers.lincheck import CasRegister, Limits, Model, Register, check
from checkers.lincheck.models import Files
from checkers.verdict import Verdict

ModelName = Literal["register", "cas-register", "files"]
_WHAT = {"register": "one register", "cas-register": "one register", "files": "one tree of files"}


class Linearizable:
    """Every operation takes effect at one moment between its call and its return. A `checkers.claim.Claim`.

    failed_cas: what a cas that answers false says, see `CasRegister`; of no meaning for the plain register.
    """

    anomalies: tuple[str, ...] = (NOT_LINEARIZABLE,)

    def __init__(
        self,
        model_name: ModelName,
        failed_cas: Literal["observation", "did-not-happen"] = "observation",
        *,
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        if model_name not in get_args(ModelName):
            raise ValueError(f"the model is one of {', '.join(get_args(ModelName))}, not {model_name!r}")
        models: dict[ModelName, Model] = {
            "register": Register(),
            "cas-register": CasRegister(failed_cas=failed_cas),
            "files": Files(),
        }
        self.model: Model = models[model_name]
        self.limits = limits
        self.name = f"linearizable {model_name}"
        what = _WHAT[model_name]
        self.promise = f"each key is {what}: an operation takes effect at one moment between call and return"

    def __call__(self, history: History) -> Verdict:
        """Judge `history`. Raises ModelError for an operation that is none of the register's."""
        return check(history, self.model, limits=self.limits, everything=True)
