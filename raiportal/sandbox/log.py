"""The call log: what the simulator saw, in counts that tests take as the truth.

A call is in flight from the moment its request has been read (a pipelined one: from its turn) until its response is
written to the socket or the connection is lost. A prompt is the same when model, messages and request `seed` are the same.
Calls that ask the simulated judge count as calls like any other; their questions and votes are counted apart from prompts and outcomes.
"""

from collections import Counter
from dataclasses import dataclass, field

DETAIL_LIMIT = 200_000  # entries kept for ?detail=1; the counts go on
REPEATED_LIMIT = 1_000  # repeated prompts listed by digest; their number is exact
RETRY_AFTER_TOLERANCE_SECONDS = 0.05  # clocks of two processes, and the time an answer takes to arrive

Entry = tuple[int, float, str, str, str, int, float, str, str, str]  # number, at, prompt, model, status, attempt, latency in ms, outcome, key, asks


@dataclass(slots=True)
class Prompt:
    """What is known of one prompt: `not_before` is the monotonic moment before which it was asked not to come back."""

    calls: int = 0
    answers: int = 0
    not_before: float = 0.0


@dataclass(slots=True)
class Call:
    """One call in flight; `at` is monotonic seconds, `key` a digest of the presented key or empty."""

    number: int
    at: float
    prompt: str
    model: str
    key: str
    attempt: int
    generation: int
    stratum: str = ""
    outcome: str = ""
    retry_after_seconds: float = 0.0
    asks_judge: bool = False


@dataclass(slots=True)
class CallLog:
    """Counts and entries since the last reset."""

    started_at: float = 0.0
    generation: int = 0
    calls: int = 0
    completed: int = 0
    abandoned: int = 0
    rejected: int = 0
    with_key: int = 0
    retry_after_undercut: int = 0
    peak: int = 0
    busiest_second: int = 0
    in_second: int = 0
    second: int = 0
    judge_calls: int = 0
    judge_completed: int = 0
    prompts: dict[str, Prompt] = field(default_factory=dict)
    questions: dict[str, Prompt] = field(default_factory=dict)
    verdicts: Counter[str] = field(default_factory=Counter)
    in_flight: dict[int, Call] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    model_in_flight: Counter[str] = field(default_factory=Counter)
    model_peak: Counter[str] = field(default_factory=Counter)
    outcomes: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    entries_left_out: int = 0

    def begin(self, prompt: str, model: str, key: str, now: float, *, asks_judge: bool = False) -> Call:
        """Note that a call has arrived; `asks_judge`: with a judge's question."""
        asked = self.questions if asks_judge else self.prompts
        known = asked.get(prompt)
        if known is None:
            known = asked[prompt] = Prompt()
        known.calls += 1
        self.judge_calls += asks_judge
        if not asks_judge and now < known.not_before - RETRY_AFTER_TOLERANCE_SECONDS:
            self.retry_after_undercut += 1
        self.calls += 1
        self.with_key += bool(key)
        call = Call(self.calls, now, prompt, model, key, known.calls, self.generation, asks_judge=asks_judge)
        self.in_flight[id(call)] = call
        self._raise_peaks(model, now)
        return call

    def end(self, call: Call, status: str, completed: bool, now: float) -> None:
        """Note how a call ended: `completed` when it was answered and the answer was written whole. Once for each call."""
        del self.in_flight[id(call)]
        self.model_in_flight[call.model] -= 1
        if call.generation != self.generation:
            return
        self.statuses[status] += 1
        self.abandoned += status == "abandoned"
        known = (self.questions if call.asks_judge else self.prompts)[call.prompt]
        if call.retry_after_seconds > 0:
            known.not_before = now + call.retry_after_seconds
        if completed:
            self._complete(call, known)
        self._enter(call, status, now)

    def reject(self) -> None:
        """Note a request that was refused before it became a call: bad JSON, unknown model, missing key."""
        self.rejected += 1

    def reset(self, now: float) -> None:
        """Forget everything but the calls in flight, which still count as in flight and towards the new peaks."""
        fresh = CallLog(started_at=now, generation=self.generation + 1, in_flight=self.in_flight, model_in_flight=self.model_in_flight)
        fresh.peak, fresh.model_peak = len(self.in_flight), +self.model_in_flight
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))

    def as_json(self) -> dict[str, object]:
        """The counts. `judge.votes`: by number of answered votes, how many questions had so many."""
        repeated = {digest: prompt.calls for digest, prompt in self.prompts.items() if prompt.calls > 1}
        return {
            "calls": self.calls,
            "calls_with_key": self.with_key,
            "calls_without_key": self.calls - self.with_key,
            "answers_completed": self.completed,
            "abandoned": self.abandoned,
            "rejected": self.rejected,
            "distinct_prompts": len(self.prompts),
            "prompts_answered": sum(prompt.answers > 0 for prompt in self.prompts.values()),
            "repeated_prompts": len(repeated),
            "repeated_calls": self.calls - self.judge_calls - len(self.prompts),
            "repeated": dict(list(repeated.items())[:REPEATED_LIMIT]),
            "answers_paid_twice": sum(prompt.answers > 1 for prompt in self.prompts.values()),
            "retry_after_undercut": self.retry_after_undercut,
            "in_flight": len(self.in_flight),
            "peak_in_flight": self.peak,
            "peak_calls_per_second": self.busiest_second,
            "peak_in_flight_by_model": dict(self.model_peak),
            "statuses": dict(self.statuses),
            "judge": {
                "calls": self.judge_calls,
                "answers_completed": self.judge_completed,
                "questions": len(self.questions),
                "votes": dict(Counter(str(question.answers) for question in self.questions.values())),
                "verdicts": dict(self.verdicts),
            },
            "outcomes": {model: {stratum: dict(kinds) for stratum, kinds in strata.items()} for model, strata in self.outcomes.items()},
        }

    def detail(self, offset: int, limit: int) -> dict[str, object]:
        """Entries `offset` to `offset + limit` in the order in which calls ended; `at` is seconds since the last reset."""
        names = ("n", "at", "prompt", "model", "status", "attempt", "latency_ms", "outcome", "key", "asks")
        chosen = self.entries[offset : offset + limit]
        after = offset + len(chosen)
        return {
            "entries": [dict(zip(names, entry, strict=True)) for entry in chosen],
            "next_offset": after if after < len(self.entries) else None,
            "entries_left_out": self.entries_left_out,
        }

    def _raise_peaks(self, model: str, now: float) -> None:
        self.peak = max(self.peak, len(self.in_flight))
        self.model_in_flight[model] += 1
        self.model_peak[model] = max(self.model_peak[model], self.model_in_flight[model])
        if int(now) != self.second:
            self.second, self.in_second = int(now), 0
        self.in_second += 1
        self.busiest_second = max(self.busiest_second, self.in_second)

    def _complete(self, call: Call, known: Prompt) -> None:
        self.completed += 1
        known.answers += 1
        if call.asks_judge:
            self.judge_completed += 1
            self.verdicts[call.outcome] += 1
        elif known.answers == 1:
            self.outcomes.setdefault(call.model, {}).setdefault(call.stratum, Counter())[call.outcome] += 1

    def _enter(self, call: Call, status: str, now: float) -> None:
        if len(self.entries) >= DETAIL_LIMIT:
            self.entries_left_out += 1
            return
        at, latency = round(call.at - self.started_at, 4), round((now - call.at) * 1000, 2)
        asks = "judge" if call.asks_judge else "model"
        self.entries.append((call.number, at, call.prompt, call.model, status, call.attempt, latency, call.outcome, call.key, asks))
