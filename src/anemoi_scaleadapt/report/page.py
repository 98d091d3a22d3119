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
:root{color-scheme:light}*{box-sizing:border-box}
body{margin:0;background:#f4f6f8;color:#1f2933;font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1240px;margin:0 auto;padding:28px 24px 60px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:0 0 10px}p{margin:4px 0 0;color:#52606d}
section{background:#fff;border:1px solid #e1e6eb;border-radius:10px;padding:18px 20px;margin-top:18px}
.verdict{font-size:17px;color:#1f2933}.verdict b{font-size:22px}
.bar{display:flex;align-items:center;gap:14px;margin-bottom:12px;flex-wrap:wrap}
.bar input{flex:1;min-width:200px;accent-color:#1f6fb5}.bar output{font-variant-numeric:tabular-nums;min-width:170px}
button{border:1px solid #9aa5b1;background:#fff;border-radius:6px;padding:4px 14px;font:inherit;cursor:pointer}
.maps{display:grid;grid-template-columns:repeat(auto-fill,minmax(205px,1fr));gap:10px}
figure{margin:0}figcaption{font-size:13px;margin-bottom:3px;color:#323f4b}
figure img{width:100%;display:block;border:1px solid #cbd2d9;image-rendering:pixelated;background:#fff}
.legend{display:flex;gap:0;margin-top:12px;font-size:12px;color:#52606d}
.legend span{display:inline-block;width:56px;border-top:12px solid;padding-top:2px}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:6px 6px;text-align:right;border-bottom:1px solid #e9edf1;vertical-align:top;white-space:nowrap}
th:first-child,td:first-child{text-align:left}th{font-size:12.5px;color:#52606d;font-weight:600}
td small{display:block;color:#7b8794;font-size:10.5px}td.best{font-weight:700;background:#eef6ee}
tr.own td{background:#f1f6fb}tr.own td.best{background:#dcefe0}
i.dot{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:7px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(460px,1fr));gap:18px}
.charts section{margin:0}.charts svg{width:100%;height:auto;max-height:330px}
.wide{grid-column:1/-1}
details summary{cursor:pointer;font-weight:600}footer{margin-top:22px;font-size:13px;color:#7b8794}
"""

SCRIPT = """
const data=JSON.parse(document.getElementById("frames").textContent);
const slider=document.getElementById("hour"),label=document.getElementById("label");
const images=[...document.querySelectorAll("img[data-panel]")];
function show(k){label.textContent=data.hours[k];
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
        f'<section class="{_width(name)}"><h2>{html.escape(name)}</h2>{svg}</section>'
        for name, svg in charts(card).items()
    )
    body = f"""<h1>{html.escape(title)}</h1><p>{html.escape(facts(card))}</p>
{_verdict(card)}
<section><h2>Maps of the wettest hours</h2>{_maps(gallery)}</section>
<section><h2>Scorecard</h2>{_table(card)}</section>
<div class="charts" style="margin-top:18px">{drawn}</div>
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
        f'max="{len(gallery.hours) - 1}" value="{gallery.start}" aria-label="hour"><output id="label"></output></div>'
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
