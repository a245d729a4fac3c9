"""The claim that each key is linearizable, as a register or as a tree of files.

Invariants: pure; the verdict is that of `checkers.lincheck.check`; an answer of a form that the operation
never has (a cas that answers with a number) is a broken promise, not a broken history.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, get_args

from checkers.anomalies import MALFORMED_ANSWER, NOT_LINEARIZABLE
from checkers.history import History, Op, Outcome
from checkers.lincheck import UNKNOWN, CasRegister, Limits, Model, ModelError, Register, check
from checkers.lincheck.evidence import evidence_of
from checkers.lincheck.models import Files
from checkers.verdict import CounterExample, EvidenceOp, Invalid, StuckOp, Verdict

ModelName = Literal["register", "cas-register", "files"]
_WHAT = {"register": "one register", "cas-register": "one register", "files": "one tree of files"}


class Linearizable:
    """Every operation takes effect at one moment between its call and its return. A `checkers.claim.Claim`.

    failed_cas: what a cas that answers false says, see `CasRegister`; of no meaning for the plain register.
    """

    anomalies: tuple[str, ...] = (NOT_LINEARIZABLE, MALFORMED_ANSWER)

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
        """Judge `history`. Raises ModelError for an operation that is none of the model's."""
        try:
            return check(history, self.model, limits=self.limits, everything=True)
        except ModelError:
            found = self._malformed(history)
            if found is None:
                raise
            return found

    def _malformed(self, history: History) -> Invalid | None:
        """What the first answer of a wrong form breaks."""
        for op in history:
            if op.outcome == Outcome.OK and self._complaint(op, UNKNOWN) is None:
                complaint = self._complaint(op, op.output)
                if complaint is not None:
                    return self._broken_by(op, complaint, history)
        return None

    def _complaint(self, op: Op, output: Any) -> str | None:
        try:
            self.model.reads_only(op.f, op.input, output)
        except ModelError as error:
            return str(error)
        return None

    def _shown(self, op: Op) -> EvidenceOp:
        try:
            return evidence_of(op, self.model)
        except ModelError:  # an answer that is not even JSON
            return evidence_of(replace(op, output=f"{op.output!r:.60}"), self.model)

    def _broken_by(self, op: Op, complaint: str, history: History) -> Invalid:
        initial = self.model.describe_state(self.model.initial())
        example = CounterExample(
            key=op.key,
            model=self.model.name,
            initial=initial,
            ops=(self._shown(op),),
            order=(),
            stuck=(StuckOp(op.index, complaint),),
            left_out=sum(other.key == op.key for other in history) - 1,
        )
        sentence = f"key {op.key}: {complaint} (process {op.process}, {op.node})"
        return Invalid(len(history), sentence, example, (op.key,), anomaly=MALFORMED_ANSWER)
