import { paletteStyle } from "../../pictures/palette.ts";

/** The report's style sheet; its colours are those of the flash maps. */
export const STYLE = `${paletteStyle(":root")}
*{box-sizing:border-box}
body{margin:1.5rem auto;max-width:1128px;padding:0 1rem;background:var(--page);color:var(--text);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
h1{font-size:1.5rem;margin:0 0 .3rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2rem 0 .5rem}
h3{font-size:1rem;margin:0 0 .2rem;overflow-wrap:anywhere}
p{margin:.3rem 0;overflow-wrap:anywhere}
.quiet{color:var(--quiet)}
pre,code,.file{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:.87em}
pre{overflow-x:auto;margin:.5rem 0;padding:.5rem .7rem;background:var(--free);border-radius:4px;line-height:1.4}
code{overflow-wrap:anywhere}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.figures{display:grid;grid-template-columns:repeat(4,1fr);gap:.6rem;margin:1rem 0;padding:0}
.figures div{border:1px solid var(--line);border-radius:4px;padding:.45rem .7rem}
.figures dt{color:var(--quiet);font-size:.87em}
.figures dd{margin:0;font-size:1.2rem;font-variant-numeric:tabular-nums}
.charts,.tables{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:1rem 2rem;align-items:start}
figure{margin:0}
figcaption,caption{font-weight:600;text-align:left;padding:.2rem 0}
.chart{display:block;width:100%;height:auto}
.chart text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:var(--quiet)}
.chart path{fill:none}
.chart .value{text-anchor:end}
.chart .time{text-anchor:middle}
.chart .last,.chart .limit-label{text-anchor:end}
.chart .grid{stroke:var(--line);stroke-width:.5}
.chart .tick{stroke:var(--line)}
.chart .limit{stroke:var(--quiet);stroke-dasharray:5 4}
.chart .line{stroke:var(--live);stroke-width:2;stroke-linejoin:round}
.bar{display:block;height:.7em;min-width:3rem;background:var(--padding);border-radius:2px;overflow:hidden}
.bar span{display:block;height:100%;background:var(--live)}
.files details{border-bottom:1px solid var(--line)}
.files summary{display:grid;grid-template-columns:1rem minmax(12rem,1fr) 6rem 5rem minmax(4rem,16rem);gap:.2rem .7rem;align-items:center;padding:.25rem 0;cursor:pointer;list-style:none}
.files summary::before{content:"▸";color:var(--quiet)}
.files [open]>summary::before{content:"▾"}
.files summary::-webkit-details-marker{display:none}
.file{overflow-wrap:anywhere}
.reached{color:var(--ftw-work)}
.missed{color:var(--torn);font-weight:600}
.source{tab-size:2}
.source .reached{color:inherit}
.source .missed{display:block;font-weight:inherit;color:inherit;background:color-mix(in srgb,var(--torn) 14%,transparent)}
.finding{border-left:4px solid var(--torn);padding:.1rem 0 .1rem .9rem;margin:1rem 0}
.oracle{background:var(--torn);color:var(--label);border-radius:3px;padding:.05rem .4rem;font-weight:600}
table{border-collapse:collapse;width:100%}
td{padding:.2rem .5rem .2rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
.bars{width:20%}
.counts .number{width:1%;padding-left:.5rem}
@media(max-width:36rem){
.figures{grid-template-columns:1fr 1fr}
.files summary{grid-template-columns:1rem 1fr auto auto}
.files summary .file{grid-column:2/-1}
.files summary .bar{grid-area:2/2}
.files summary .number:nth-child(2){grid-area:2/3}
.files summary .number:nth-child(3){grid-area:2/4}
}`;
