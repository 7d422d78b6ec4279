"""The shape of its refusals."""

from tests.faces.trial.app import TrialEnvelope

from casare_cloud.faces.kit.refusals import Refusals
from casare_cloud.faces.kit.shapes import Answer


class Trouble(Answer):
    trouble: str
    word: str


REFUSALS = Refusals(TrialEnvelope(), Trouble)
