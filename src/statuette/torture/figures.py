"""The figures of one platform's torture, and what of them is a failure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from statuette.torture.judge import Verdict
from statuette.torture.schedule import Kind, Part

KILLED = (Part.RUNNER, Part.STORE, Part.MANAGER)


@dataclass(slots=True, kw_only=True)
class Figures:
    """What was done and what came of it. Times are seconds."""

    store: str
    seconds: float = 0.0
    files: int = 0
    wanted: int = 0
    upload_failures: int = 0
    jobs: int = 0
    superseded: int = 0
    delivered: Counter[tuple[Kind, Part]] = field(default_factory=Counter)
    recovered: int = 0
    restarts: int = 0
    start: float = 0.0
    """The median of what a start of the manager took until it answered."""
    worst_gap: float = 0.0
    settling: float = 0.0
    verdict: Verdict = field(default_factory=Verdict)
    left: list[str] = field(default_factory=list)
    faults_told: Counter[str] = field(default_factory=Counter)
    fell: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    not_done: list[str] = field(default_factory=list)

    def kills(self, part: Part) -> int:
        """SIGKILLs delivered to a part; a position put ahead costs the manager one too."""
        ahead = self.delivered[Kind.AHEAD, Part.STREAM] if part is Part.MANAGER else 0
        return self.delivered[Kind.KILL, part] + ahead

    @property
    def stops(self) -> int:
        return sum(count for (kind, _), count in self.delivered.items() if kind is Kind.STOP)

    def counts(self) -> Mapping[str, int]:
        """What must be zero."""
        verdict = self.verdict
        return {
            "lost": len(verdict.lost),
            "duplicated": len(verdict.duplicated),
            "corrupted": len(verdict.corrupted),
            "left over": len(self.left),
        }

    def wrong(self) -> list[str]:
        """Everything that makes this a failure: of the platform, or of the torture itself."""
        verdict = self.verdict
        found = [
            f"{name}: {line}"
            for name, lines in (
                ("lost", verdict.lost),
                ("duplicated", verdict.duplicated),
                ("corrupted", verdict.corrupted),
                ("left over", self.left),
                ("the manager ended by itself", self.fell),
            )
            for line in lines
        ]
        found += [f"the torture: no {part} was killed" for part in KILLED if not self.kills(part)]
        found += [] if self.recovered else ["the torture: no file was recovered by the sweep"]
        if self.files < self.wanted:
            found.append(f"the torture: only {self.files} of {self.wanted} files were put")
        return found


def rows(figures: Sequence[Figures]) -> list[tuple[str, list[str]]]:
    """The table of the report: a name, and a cell for each platform."""

    def row(name: str, cell: "list[object]") -> tuple[str, list[str]]:
        return name, [f"{value:.1f}" if isinstance(value, float) else f"{value:,}" for value in cell]

    found = [row(name, [one.counts()[name] for one in figures]) for name in figures[0].counts()]
    found += [
        row("files put (overwritten ones among them)", [one.files for one in figures]),
        row("jobs done", [one.jobs for one in figures]),
        row("jobs superseded", [one.superseded for one in figures]),
        row("versions overwritten before anybody saw them", [one.verdict.unseen for one in figures]),
        row("files recovered by the sweep", [one.recovered for one in figures]),
    ]
    found += [row(f"SIGKILL on a {part}", [one.kills(part) for one in figures]) for part in KILLED]
    found.append(row("SIGSTOP", [one.stops for one in figures]))
    others = [(kind, part) for kind in Kind for part in Part if kind not in (Kind.KILL, Kind.STOP)]
    found += [
        row(f"{kind}", [one.delivered[kind, part] for one in figures])
        for kind, part in others
        if any(one.delivered[kind, part] for one in figures)
    ]
    found += [
        row("starts of the manager after the first", [one.restarts for one in figures]),
        row("start of the manager until it answers, median, s", [one.start for one in figures]),
        row("longest time without progress, s", [one.worst_gap for one in figures]),
        row("fire, s", [one.seconds for one in figures]),
        row("working off what was left, s", [one.settling for one in figures]),
    ]
    return found
