"""The same two over the API: `GET /api/v1/my-work/` and `GET /api/v1/search/?q=`."""

from __future__ import annotations

from typing import Any

from django.urls import re_path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from raiportal import clocks
from raiportal.api.problems import UnknownParameter
from raiportal.errors import Invalid
from raiportal.work import selectors
from raiportal.work.sources import search_sources
from raiportal.work.text import words_of


class HitOutput(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="Slug of the kind of thing.")
    title = serializers.CharField()
    code = serializers.CharField(help_text='Such as H-07; "" where the kind has none.')
    url = serializers.CharField(help_text="The page's address, without the host.")
    system = serializers.CharField(help_text='Name of its system or catalogue; "" for what belongs to the organisation.')
    excerpt = serializers.CharField(help_text='Where the words stand; "" where that is the title.')


class SearchOutput(serializers.Serializer[Any]):
    results = HitOutput(many=True)
    kinds_with_more = serializers.ListField(child=serializers.CharField(), help_text="Kinds of which only the best hits are listed: ask with `kind`.")


class WorkOutput(serializers.Serializer[Any]):
    kind = serializers.CharField()
    urgency = serializers.ChoiceField(["overdue", "soon", "waiting"])
    title = serializers.CharField()
    why = serializers.CharField()
    act = serializers.CharField()
    url = serializers.CharField()
    system = serializers.CharField()
    due_at = serializers.DateTimeField(allow_null=True)
    since = serializers.DateTimeField(allow_null=True)


class MyWorkOutput(serializers.Serializer[Any]):
    results = WorkOutput(many=True)
    kinds_with_more = serializers.ListField(child=serializers.CharField())


class Search(APIView):
    """Full-text search over everything that the caller may see, but prompts and model answers."""

    ability = "read"

    @extend_schema(
        operation_id="search",
        parameters=[OpenApiParameter("q", str, required=True, description="Words, or a code such as H-07."), OpenApiParameter("kind", str)],
        responses=SearchOutput,
    )
    def get(self, request: Request) -> Response:
        """Find things by their words."""
        _refuse_unknown(request, {"q", "kind"})
        kind = request.query_params.get("kind", "")
        if kind and not search_sources.get(kind):
            raise Invalid(f"There is no such kind. There is {', '.join(sorted(source.slug for source in search_sources))}.", field="kind")
        words = words_of(request.query_params.get("q", ""))
        if not words.typed:
            raise Invalid("Say what to look for.", field="q")
        groups = selectors.search(request.user, words, kind=kind)  # type: ignore[arg-type]  # the default permission has seen to a user
        results = [_hit(group, hit) for group in groups for hit in group.found.hits]
        return Response({"results": results, "kinds_with_more": [group.source.slug for group in groups if group.found.has_more]})


class Work(APIView):
    """What waits for the caller, most urgent first."""

    ability = "read"

    @extend_schema(operation_id="work", responses=MyWorkOutput)
    def get(self, request: Request) -> Response:
        """List what waits for the caller."""
        _refuse_unknown(request, set())
        mine = selectors.my_work(request.user, clocks.now())  # type: ignore[arg-type]
        results = [_waiting(entry) for entry in mine.items]
        return Response({"results": WorkOutput(results, many=True).data, "kinds_with_more": list(mine.cut)})


def _hit(group: selectors.Group, hit: Any) -> dict[str, str]:
    excerpt = "".join(text for text, _ in hit.excerpt)
    return {"kind": group.source.slug, "title": hit.title, "code": hit.code, "url": hit.url, "system": hit.where, "excerpt": excerpt}


def _waiting(entry: selectors.Waiting) -> dict[str, Any]:
    item = entry.item
    shown = {name: getattr(item, name) for name in ("title", "why", "act", "url", "system", "due_at", "since")}
    return {"kind": entry.source.slug, "urgency": entry.urgency, **shown}


def _refuse_unknown(request: Request, known: set[str]) -> None:
    unknown = sorted(set(request.query_params) - known - {"format"})
    if unknown:
        raise UnknownParameter(f"There is no parameter “{unknown[0][:60]}” here.")


urlpatterns = [
    re_path(r"^search/?$", Search.as_view(), name="api-search"),
    re_path(r"^my-work/?$", Work.as_view(), name="api-work"),
]
