"""The API of impact assessments, the harm register, rating rounds and red-team campaigns."""

from harms.api.assessments import Assessments, Impacts
from harms.api.baselines import Baselines
from harms.api.campaigns import Campaigns
from harms.api.candidates import Candidates, KnownHarms
from harms.api.findings import Findings
from harms.api.harms import Harms
from harms.api.probing import ProbeSessions
from harms.api.ratings import Appetites, RatingRounds, Ratings, ScaleChanges
from raiportal.api.urls import BothSlashes

router = BothSlashes()
router.register("harms", Harms, basename="api-harm")
router.register("assessments", Assessments, basename="api-assessment")
router.register("impacts", Impacts, basename="api-impact")
router.register("rating-rounds", RatingRounds, basename="api-rating-round")
router.register("ratings", Ratings, basename="api-rating")
router.register("appetites", Appetites, basename="api-appetite")
router.register("scale-changes", ScaleChanges, basename="api-scale-change")
router.register("campaigns", Campaigns, basename="api-campaign")
router.register("probe-sessions", ProbeSessions, basename="api-probe-session")
router.register("findings", Findings, basename="api-finding")
router.register("baselines", Baselines, basename="api-baseline")
router.register("harm-candidates", Candidates, basename="api-harm-candidate")
router.register("known-harms", KnownHarms, basename="api-known-harm")
urlpatterns = router.urls
