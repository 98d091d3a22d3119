"""``report.html``: one self-contained page with maps, table and charts; no network, no other file."""

import html
import json
from pathlib import Path

from anemoi_scaleadapt.files import write_text
from anemoi_scaleadapt.report.charts import charts, colours
from anemoi_scaleadapt.report.figure import COLOURS, LEVELS
from anemoi_scaleadapt.report.gallery import Gallery
from anemoi_scaleadapt.verification.scorecard import HEADLINE, cell, facts, span

STYLE = """
:root{color-scheme:light dark;--page:#f4f6f8;--card:#fff;--ink:#1f2933;--soft:#52606d;--line:#d5dbe1;--best:#e3f1e6;
--own:#edf4fa;--accent:#0072b2}
@media (prefers-color-scheme:dark){:root{--page:#12171c;--card:#1c2329;--ink:#e8edf2;--soft:#aab6c2;--line:#3a444e;
--best:#1f4030;--own:#1b2f42;--accent:#56b4e9}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1480px;margin:0 auto;padding:28px 24px 60px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px}h2{font-size:18px;margin:0 0 4px}p{margin:4px 0 0;color:var(--soft)}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin-top:18px}
.verdict{font-size:17px}.verdict b{font-size:22px}.good{font-size:14px;margin:0 0 12px}
.bar{display:flex;align-items:center;gap:14px;margin:10px 0 12px;flex-wrap:wrap}
.bar input{flex:1;min-width:200px;height:28px;accent-color:var(--accent)}
.bar output{font-variant-numeric:tabular-nums;min-width:170px}
button{border:1px solid var(--soft);background:var(--card);color:var(--ink);border-radius:6px;padding:6px 14px;
font:inherit;cursor:pointer}:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.maps{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(205px,45%),1fr));gap:10px}
figure{margin:0}figcaption{font-size:13px;margin-bottom:3px;color:var(--soft)}
figure img{width:100%;display:block;border:1px solid var(--line);image-rendering:pixelated;background:#fff}
.legend{display:flex;flex-wrap:wrap;margin-top:12px;font-size:12px;color:var(--soft)}
.legend span{display:inline-block;width:min(56px,11vw);border-top:12px solid;padding-top:2px}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:6px 6px;text-align:right;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--card)}
th{font-size:12.5px;color:var(--soft);font-weight:600}
td small{display:block;color:var(--soft);font-size:10.5px}td.best{font-weight:700;background:var(--best)}
tr.own td{background:var(--own)}tr.own td.best{background:var(--best)}
i.dot{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:7px;border:1px solid var(--soft)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(480px,100%),1fr));gap:18px;margin-top:18px}
.charts section{margin:0;min-width:0}
.charts svg{width:100%;height:auto;max-height:330px;background:#fff;border-radius:6px;padding:4px}
.wide{grid-column:1/-1}
details summary{cursor:pointer;font-weight:600}footer{margin-top:22px;font-size:13px;color:var(--soft)}
@media (max-width:600px){main{padding:16px 10px 40px}section{padding:12px}h1{font-size:21px}
.wide .chart{overflow-x:auto}.wide svg{min-width:640px}}
"""

#: what good looks like, by the beginning of a chart's title
GOOD = {
    "Rank histogram": "Good: flat, along the dashed line. A valley: members too narrow. A hill: too wide.",
    "Reliability": "Good: on the diagonal. What a share of members says then happens as often.",
    "Power spectrum over": "Good: 1 at every wavelength. Below 1: too smooth. Above 1: grain that rain has not.",
    "Quantiles": "Good: on the diagonal, up to the heaviest rain at the top right.",
    "Fractions": "Good: near 1 at small scales. It says whether rain falls in the right neighbourhood.",
    "CRPS over": "Good: below 1, for pixels and for what matters in a catchment.",
    "Autocorrelation": "Good: along the dashed line. Above it rain stays too long, below it flickers.",
    "Power spectrum in time": "Good: 1 at every period. Below 1 at short periods: too steady from hour to hour.",
    "Extremes": "Good: 1. Below 1: the heaviest rain is too light.",
}

MAPS = (
    "Good: members differ from each other, each looks like the truth in texture and in its heaviest rain, and none is "
    "dry where the coarse input is wet. Arrow keys move the slider."
)
TABLE = "Good: CRPS, RMSE and coarse error low, everything else near 1. The best of each column is bold."

SCRIPT = """
const data=JSON.parse(document.getElementById("frames").textContent);
const slider=document.getElementById("hour"),label=document.getElementById("label");
const images=[...document.querySelectorAll("img[data-panel]")];
function show(k){label.textContent=data.hours[k];slider.setAttribute("aria-valuetext",data.hours[k]);
for(const i of images)i.src="data:image/png;base64,"+data.frames[k][i.dataset.panel];}
slider.addEventListener("input",()=>show(+slider.value));let timer=null;
const play=document.getElementById("play");
play.addEventListener("click",()=>{if(timer){clearInterval(timer);timer=null;play.textContent="Play";return;}
play.textContent="Pause";timer=setInterval(()=>{slider.value=(+slider.value+1)%data.hours.length;show(+slider.value);},700);});
show(+slider.value);document.documentElement.dataset.ready="yes";
"""


def write_report(card: dict, gallery: Gallery, path: Path) -> None:
    """Write the page.

    Parameters
    ----------
    card : dict
        The scorecard.
    gallery : Gallery
        Maps of the wettest windows.
    path : Path
        Where to write.
    """
    s, t = card["pair"]
    title = f"{card['name']}: rain {s}× finer in space, {t}× in time"
    drawn = "".join(
        f'<section class="{_width(name)}"><h2>{html.escape(name)}</h2><p class="good">{_good(name)}</p>'
        f'<div class="chart">{svg}</div></section>'
        for name, svg in charts(card).items()
    )
    body = f"""<h1>{html.escape(title)}</h1><p>{html.escape(facts(card))}</p>
{_verdict(card)}
<section><h2>Maps of the wettest hours</h2><p class="good">{MAPS}</p>{_maps(gallery)}</section>
<section><h2>Scorecard</h2><p class="good">{TABLE}</p>{_table(card)}</section>
<div class="charts">{drawn}</div>
<section><details><summary>All scores</summary>{_all_scores(card)}</details></section>
<footer>All baselines but nearest have exact coarse totals and see the coarse frames before and after. Dashed lines: the
ideal or the truth. Written by anemoi-scaleadapt verify.</footer>"""
    frames = json.dumps({"hours": gallery.hours, "frames": gallery.frames})
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head>'
        f'<body><main>{body}</main><script type="application/json" id="frames">{frames}</script>'
        f"<script>{SCRIPT}</script></body></html>\n"
    )
    write_text(path, page)


def _width(name: str) -> str:
    return "wide" if name.startswith(("Rank", "Reliability", "Fractions")) else ""


def _good(name: str) -> str:
    """What good looks like in a chart."""
    return html.escape(next(text for start, text in GOOD.items() if name.startswith(start)))


def _verdict(card: dict) -> str:
    best = card["best_classical"]
    ratio = card["ratios"].get(best, {}).get("crps")
    if ratio is None:
        return ""
    bounds = (card["ratios"][best]["intervals"] or {}).get("crps")
    p = card["differences"].get(best, {}).get("crps", {}).get("p")
    where = f" (95 % interval {span('rmse', bounds)}{f', p = {p:.2g}' if p is not None else ''})" if bounds else ""
    return (
        f'<section class="verdict">CRPS is <b>{ratio:.3f}</b> of that of {html.escape(best)}, the best classical '
        f"baseline{where}.</section>"
    )


def _maps(gallery: Gallery) -> str:
    titles = list(gallery.frames[0])
    panels = "".join(
        f'<figure><figcaption>{html.escape(name)}</figcaption><img alt="{html.escape(name)}" '
        f'data-panel="{html.escape(name)}"></figure>'
        for name in titles
    )
    legend = "".join(
        f'<span style="border-color:{c}">{level:g}{"+" if level == LEVELS[-1] else ""}</span>'
        for level, c in zip(LEVELS, COLOURS, strict=True)
    )
    return (
        f'<div class="bar"><button id="play">Play</button><input id="hour" type="range" min="0" '
        f'max="{len(gallery.hours) - 1}" value="{gallery.start}" aria-label="hour">'
        '<output id="label" for="hour"></output></div>'
        f'<div class="maps">{panels}</div><div class="legend">{legend}&nbsp;mm/h</div>'
    )


def _table(card: dict) -> str:
    best, colour = {key: _best(card, key) for key in HEADLINE}, colours(card)
    rows = []
    for name, values in card["systems"].items():
        own = ' class="own"' if name == card["name"] else ""
        cells = [f'<td><i class="dot" style="background:{colour[name]}"></i>{html.escape(name)}</td>']
        for key in HEADLINE:
            value = (values or {}).get(key)
            mark = ' class="best"' if best[key] == name else ""
            bounds = span(key, ((values or {}).get("intervals") or {}).get(key)) if value is not None else ""
            small = f"<small>{bounds}</small>" if bounds and key != "conservation_error" else ""
            cells.append(f"<td{mark}>{cell(key, value)}{small}</td>")
        rows.append(f"<tr{own}>{''.join(cells)}</tr>")
    head = "".join(f"<th>{html.escape(t)}</th>" for t in HEADLINE.values())
    days = len(card["days"])
    note = f"Brackets: 95 % interval, {card['bootstrap_samples']} resamples of {days} days." if days > 1 else ""
    return f'<div class="scroll"><table><tr><th>system</th>{head}</tr>{"".join(rows)}</table></div><p>{note}</p>'


def _best(card: dict, key: str) -> str | None:
    """The system whose score is nearest to the best value: 0 of errors, 1 of all others; None for the coarse error."""
    if key == "conservation_error":
        return None
    target = 0 if key.startswith(("crps", "rmse")) else 1
    known = {n: abs(v[key] - target) for n, v in card["systems"].items() if v and v.get(key) is not None}
    return min(known, key=lambda name: known[name]) if known else None


def _all_scores(card: dict) -> str:
    systems = {n: v for n, v in card["systems"].items() if v}
    keys = [k for k in next(iter(systems.values())) if k != "intervals"]
    head = "".join(f"<th>{html.escape(n)}</th>" for n in systems)
    rows = "".join(
        f"<tr><td>{k}</td>" + "".join(f"<td>{cell(k, v.get(k))}</td>" for v in systems.values()) + "</tr>" for k in keys
    )
    return f'<div class="scroll"><table><tr><th>score</th>{head}</tr>{rows}</table></div>'
