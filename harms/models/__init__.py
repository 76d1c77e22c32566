"""Impact assessments, harms, their scales, risk points and ratings, red-team campaigns, what may become harms, frozen registers, and files of them."""

from harms.models.assessments import LONGEST_ANSWER, Answer, Assessment, Impact
from harms.models.baselines import Baseline
from harms.models.campaigns import (
    LONGEST_CHARTER_TEXT,
    MOST_DAILY_MINUTES,
    MOST_DAILY_PROBES,
    MOST_RETENTION_DAYS,
    USUAL_RETENTION_DAYS,
    Campaign,
    CampaignHarm,
    Objective,
    Tester,
)
from harms.models.candidates import Candidate, LibraryDismissal
from harms.models.findings import LONGEST_DESCRIPTION, Finding, Opinion
from harms.models.probing import LONGEST_PROMPT, LONGEST_TRANSCRIPT_TEXT, UNDER_WAY, ProbeSession, Turn
from harms.models.ratings import (
    LONGEST_RATIONALE,
    Appetite,
    Consensus,
    Rater,
    Rating,
    RatingRound,
    RoundHarm,
    ScaleChange,
    ScoreMove,
)
from harms.models.reference import HIGHEST_LEVEL, HIGHEST_SCORE, NO_SCORE, HarmCategory, RiskScale, ScaleLevel
from harms.models.register import SEARCHED_TEXT, Harm, HarmUse, HarmUseQuerySet, RiskPoint, Scored
from harms.models.uploads import HarmUpload, HarmUploadPart

__all__ = [
    "HIGHEST_LEVEL",
    "HIGHEST_SCORE",
    "LONGEST_ANSWER",
    "LONGEST_CHARTER_TEXT",
    "LONGEST_DESCRIPTION",
    "LONGEST_PROMPT",
    "LONGEST_RATIONALE",
    "LONGEST_TRANSCRIPT_TEXT",
    "MOST_DAILY_MINUTES",
    "MOST_DAILY_PROBES",
    "MOST_RETENTION_DAYS",
    "NO_SCORE",
    "SEARCHED_TEXT",
    "UNDER_WAY",
    "USUAL_RETENTION_DAYS",
    "Answer",
    "Appetite",
    "Assessment",
    "Baseline",
    "Campaign",
    "CampaignHarm",
    "Candidate",
    "Consensus",
    "Finding",
    "Harm",
    "HarmCategory",
    "HarmUpload",
    "HarmUploadPart",
    "HarmUse",
    "HarmUseQuerySet",
    "Impact",
    "LibraryDismissal",
    "Objective",
    "Opinion",
    "ProbeSession",
    "Rater",
    "Rating",
    "RatingRound",
    "RiskPoint",
    "RiskScale",
    "RoundHarm",
    "ScaleChange",
    "ScaleLevel",
    "ScoreMove",
    "Scored",
    "Tester",
    "Turn",
]
