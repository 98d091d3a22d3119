"""Why a factor pair has the values it has, in one sentence each."""

from anemoi_scaleadapt.scale.recipe import PAPER_PAIRS, horizon_rule, under_determination
from anemoi_scaleadapt.scale.settings import Scale, recipe

_FUNCTIONS = {
    "identity": "f(x) = x: truth comes back unchanged",
    "threshold": "f(x) = max(x - {c.threshold:g} mm/h, 0): zero at and below {c.threshold:g} mm/h",
    "threshold_sqrt": "f(x) = max(sqrt(x) - sqrt(c), 0): zero at and below c = {c.threshold:g} mm/h",
}


def _origin(scale: Scale, name: str, rule: str) -> str:
    if getattr(scale, name) != getattr(recipe(scale.space, scale.time), name):
        return "set by you"
    return "the paper's value" if (scale.space, scale.time) in PAPER_PAIRS else rule


def explain(scale: Scale) -> list[tuple[str, str, str]]:
    """Return (name, value, reason) of everything the pair decides."""
    s, t, c = scale.space, scale.time, scale.conservation
    u = f"u = t + log10 s = {under_determination(s, t):.2f}"
    few = {0: "all past or current", 1: "one of them ahead of the current one"}
    ahead = few.get(scale.lookahead, f"{scale.lookahead} of them ahead of the current one")
    where = "exact in every coarse cell" if c.scope == "cell" else "exact over the whole window only"
    return [
        ("factors", f"({s}, {t})", f"one coarse value stands for {s} x {s} x {t} = {s * s * t} fine ones"),
        ("beta", f"{scale.beta:g}", _origin(scale, "beta", f"read between the paper's pairs at {u}")),
        ("sigma_max", f"{scale.sigma_max:.4g}", "largest noise level of that schedule, in residual std"),
        (
            "context_length",
            f"{scale.context_length}",
            _origin(scale, "context_length", f"the paper's horizon at {u} is {horizon_rule(s, t):.1f} h"),
        ),
        ("horizon_hours", f"{scale.horizon_hours}", f"L t = {scale.context_length} x {t} h of context"),
        ("lookahead", f"{scale.lookahead}", f"frames {', '.join(map(str, scale.frame_ends))}: {ahead}"),
        ("conservation", f"{c.function}, {c.scope}", f"{_FUNCTIONS[c.function].format(c=c)}; {where}"),
    ]
