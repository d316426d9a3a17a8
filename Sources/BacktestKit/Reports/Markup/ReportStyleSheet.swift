/// How a report looks: light and dark, screen and paper. A chart in a separate file shares
/// the colours and the marks.
enum ReportStyleSheet {
  /// The colours, by name.
  static let colours: StaticString = """
    :root{color-scheme:light dark;--paper:#fff;--wash:#f5f6f8;--ink:#17202a;--soft:#56616d;
    --rule:#d9dee4;--grid:#e6e9ed;--axis:#8b95a1;--link:#1f5fa8;--shade:#17202a2e;
    --s0:#86aad6;--s1:#1d5ea8;--s2:#8a4fa3;--s3:#66700a;--s4:#a8327d;--s5:#0b8a9e;--s6:#7a5230;
    --r1:#1d5ea82c;--r2:#1d5ea83d;
    --bench:#7b8794;--b1:#5d687433;--b2:#0e7c9433;--b3:#8a4fa331;--b4:#a8327d2d;
    --gain:#0a7a5c;--loss:#b3460a;--good:#0a7a5c;--bad:#9f1239;--warn:#b39500;--warnwash:#fdf8dc;
    --goodwash:#eaf6f1;--badwash:#fbecf0;
    --p1:#e6f5ef;--p2:#bfe5d5;--p3:#8ccfb4;--p4:#57b48f;
    --n1:#fcefe6;--n2:#f8d8c1;--n3:#f2b68f;--n4:#e8935f;--heat:#17202a}
    @media screen and (prefers-color-scheme:dark){:root{--paper:#12171d;--wash:#1a2028;
    --ink:#e4e8ed;--soft:#9fabb8;--rule:#303945;--grid:#252d37;--axis:#6c7885;--link:#7ab8f5;
    --shade:#0009;
    --s0:#3f6690;--s1:#6fb3f2;--s2:#c9a0e0;--s3:#a9c94f;--s4:#f57fc4;--s5:#4fd0d0;--s6:#c9a27e;
    --r1:#6fb3f22b;--r2:#6fb3f245;
    --bench:#98a4b0;--b1:#a5b0bc32;--b2:#5cc4d830;--b3:#c9a0e032;--b4:#ee8fd034;
    --gain:#48c59d;--loss:#f0935b;--good:#48c59d;--bad:#ff8f8f;--warn:#e8d44d;--warnwash:#24230f;
    --goodwash:#14261f;--badwash:#2a141b;
    --p1:#13291f;--p2:#164030;--p3:#185c44;--p4:#1a7656;
    --n1:#332119;--n2:#4e2c19;--n3:#6f3a1a;--n4:#95491a;--heat:#f2f5f8}}
    """

  /// The marks inside the drawing of a chart.
  ///
  /// The rule of all paths names no element around them: a path that is drawn again by reference
  /// has no such element around it.
  static let marks: StaticString = """
    .s0{--c:var(--s0)}.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}
    .s5{--c:var(--s5)}
    .s6{--c:var(--s6)}.b1{--c:var(--b1)}.b2{--c:var(--b2)}.b3{--c:var(--b3)}.b4{--c:var(--b4)}
    .r1{--c:var(--r1)}.r2{--c:var(--r2)}
    .soft{--c:var(--soft)}.sb{--c:var(--bench)}.sg{--c:var(--gain)}.sl{--c:var(--loss)}
    path{fill:none;stroke:var(--c);stroke-width:1.6px;stroke-linejoin:round;
    stroke-linecap:round;vector-effect:non-scaling-stroke}
    @container (max-width:480px){path{stroke-width:1.15px}}
    svg .grid{stroke:var(--grid);stroke-width:1px;stroke-linecap:butt}
    svg .base{stroke:var(--axis);stroke-width:1px;stroke-linecap:butt}
    svg .fill{fill:var(--c);fill-opacity:.16;stroke:none}
    svg .bar,svg .bar path{fill:var(--c);stroke:var(--paper);stroke-width:1px}
    svg .b1,svg .b2,svg .b3,svg .b4,svg .r1,svg .r2{fill:var(--c);stroke:none}
    svg .dot,svg .dot path{stroke-width:6.5px;stroke-opacity:.85}
    svg .dot.hole{stroke:var(--paper);stroke-width:3px;stroke-opacity:1}
    svg .dash{stroke-dasharray:6 4;stroke-linecap:butt}
    svg .cell,svg .cell path{fill:var(--c);stroke:var(--paper);stroke-width:.5px}
    svg .h path{fill:#0000;stroke:none}
    svg .h path:hover{fill:var(--s0);fill-opacity:.22}
    svg .candle{fill:var(--c);stroke-width:1px}
    svg .box{fill:var(--paper)}
    svg .span{stroke-width:6px;stroke-linecap:butt}
    svg .thick{stroke-width:2.6px}
    svg .faint{stroke-width:.9px;stroke-opacity:.4}
    svg .cellmark{stroke:var(--ink);stroke-width:2px}
    .cell.z{--c:var(--wash)}.cell.p1{--c:var(--p1)}.cell.p2{--c:var(--p2)}.cell.p3{--c:var(--p3)}
    .cell.p4{--c:var(--p4)}.cell.n1{--c:var(--n1)}.cell.n2{--c:var(--n2)}.cell.n3{--c:var(--n3)}
    .cell.n4{--c:var(--n4)}
    """

  /// The page and everything on it that is HTML.
  static let page: StaticString = """
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
    body{margin:0;background:var(--paper);color:var(--ink);
    font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
    font-variant-numeric:tabular-nums lining-nums;overflow-wrap:break-word}
    header,.page,footer{max-width:1240px;margin:0 auto;padding:0 16px}
    header{padding-top:2.5rem;padding-bottom:1.25rem}
    h1,h2,h3{line-height:1.2;font-weight:600;text-wrap:balance}
    h1,h2{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,
    "Times New Roman",serif}
    h1{font-size:clamp(1.7rem,1.3rem + 1.6vw,2.4rem);margin:0 0 .4rem;letter-spacing:-.01em}
    header p{margin:0;color:var(--soft)}
    h2{font-size:1.5rem;margin:0 0 .5rem}
    h3{font-size:1.0625rem;margin:2rem 0 .5rem}
    p{margin:.75rem 0;max-width:44rem}
    a{color:var(--link)}
    abbr[title]{text-decoration:underline dotted var(--axis);text-underline-offset:.2em;cursor:help}
    section{border-top:1px solid var(--rule);padding-top:2rem;margin-top:3rem}
    main>section:first-child{margin-top:1.25rem}
    @media screen{:not(.drawn)>body main>section{content-visibility:auto;
    contain-intrinsic-size:auto 1400px;overflow-clip-margin:16px}}
    h2::before{counter-reset:s var(--n);content:counter(s) "\\2002";color:var(--soft);
    font-weight:400}
    .summary{color:var(--soft);margin:0 0 1.25rem}
    nav ol{list-style:none;counter-reset:c;margin:0 0 2rem;padding:.75rem 0;columns:2;
    column-gap:1.5rem;border-top:1px solid var(--rule);border-bottom:1px solid var(--rule)}
    nav li{counter-increment:c;break-inside:avoid;padding:.2rem 0 .2rem 1.6rem;text-indent:-1.6rem;
    font-size:.9375rem}
    nav li::before{content:counter(c);display:inline-block;width:1.6rem;text-indent:0;
    color:var(--soft)}
    nav a{text-decoration:none}
    nav a:hover{text-decoration:underline}
    @media (min-width:1200px){.page:has(nav){display:grid;grid-template-columns:190px minmax(0,1fr);
    column-gap:48px}
    .page>*{grid-column:2}
    .page>nav{grid-column:1;grid-row:1/3}
    nav ol{columns:1;position:sticky;top:1.5rem;border:0;border-top:1px solid var(--rule);margin:0}}
    .opening>:first-child{margin-top:0}
    footer{margin-top:3rem;padding-top:1rem;padding-bottom:3rem;color:var(--soft);
    font-size:.8125rem;overflow-wrap:anywhere}
    .columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));
    column-gap:2.5rem}
    .columns>*{min-width:0}
    .notice{border-left:4px solid var(--axis);background:var(--wash);padding:.8rem 1rem;
    margin:1.25rem 0;border-radius:0 4px 4px 0}
    .notice p{margin:0}
    .notice ul{margin:.4rem 0 0;padding-left:1.15rem;max-width:54rem}
    .notice li{margin:.2rem 0}
    .warning{border-color:var(--warn);background:var(--warnwash)}
    .notice.good{border-color:var(--good);background:var(--goodwash)}
    .notice.bad{border-color:var(--bad);background:var(--badwash)}
    .verdict{font-size:1.2rem;line-height:1.4;color:var(--ink);margin:.9rem 0 0;max-width:52rem}
    .tiles{list-style:none;margin:1.5rem 0 0;padding:0;display:grid;
    grid-template-columns:repeat(2,minmax(0,1fr));border-top:1px solid var(--rule)}
    @media (min-width:600px){.tiles{grid-template-columns:repeat(var(--m),minmax(0,1fr))}}
    @media (min-width:1000px){.tiles{grid-template-columns:repeat(var(--w),minmax(0,1fr))}}
    .key{font-size:.8125rem;color:var(--soft);margin:.1rem 0 1rem}
    .tile{padding:.8rem .9rem .9rem 0;display:flex;flex-direction:column;min-width:0}
    .tile .caption{font-size:.8125rem;color:var(--soft)}
    .tile strong{font-size:1.65rem;line-height:1.25;font-weight:600;letter-spacing:-.015em}
    .tile strong{white-space:nowrap}
    .tile.long strong{font-size:1.2rem;line-height:1.72}
    .tile.wide strong{font-size:1rem;line-height:2.06;white-space:normal;overflow-wrap:anywhere}
    .tile .detail{font-size:.8125rem;color:var(--soft)}
    .tile.good strong{color:var(--good)}
    .tile.bad strong{color:var(--bad)}
    .tile.good strong::after,.tile.bad strong::after{font-size:.55em;margin-left:.35em;
    vertical-align:.2em}
    .tile.good strong::after{content:"\\25B2"}
    .tile.bad strong::after{content:"\\25BC"}
    figure{margin:1.75rem 0 2rem;min-width:0;break-inside:avoid}
    .chart{container-type:inline-size}
    figcaption strong{display:block;font-size:1rem;font-weight:600;line-height:1.3}
    figcaption span{display:block;font-size:.875rem;color:var(--soft)}
    .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;margin:.45rem 0 0;
    padding:0;font-size:.8125rem;color:var(--soft)}
    .legend li{display:flex;align-items:center;gap:.45em;min-width:0;max-width:100%;
    overflow-wrap:anywhere}
    .k{flex:none;width:18px;height:0;border-top:2.5px solid var(--c)}
    .ka{height:11px;width:11px;border:1px solid var(--c);background:var(--c)}
    .ka.b1,.ka.b2,.ka.b3,.ka.b4,.ka.r1,.ka.r2{border-color:var(--rule)}
    .kd,.kr{width:9px;height:9px;border:2px solid var(--c);border-radius:50%}
    .kd{background:var(--c)}
    .kt{width:0;height:12px;border-top:0;border-left:2.5px solid var(--c);margin:0 4px}
    .kx{border-top-style:dashed;border-top-width:2px}
    .ytitle,.xtitle{font-size:.75rem;line-height:1.3;color:var(--soft);max-width:none}
    .ytitle{margin:.6rem 0 -.35rem}
    .xtitle{margin:.1rem 1.5rem 0 0;text-align:right}
    .plot{display:grid;grid-template:var(--h) auto/var(--y) minmax(0,1fr) var(--r,1.25rem);
    padding:.8rem 0 0;font-size:.75rem;line-height:1;color:var(--soft)}
    .area{position:relative;grid-column:2}
    .area svg{display:block;width:100%;height:100%;overflow:visible}
    .ylab,.xlab,.bandlab{position:relative}
    .plot span{position:absolute;white-space:nowrap}
    .ylab span{right:.7em;transform:translateY(-50%)}
    .xlab{grid-column:2;grid-row:2;height:2.05em}
    .xlab span{top:.9em;transform:translateX(-50%)}
    .plot .cats{display:grid;grid-template-columns:repeat(var(--n),minmax(0,1fr));height:auto;
    padding-top:.75em;line-height:1.25;text-align:center}
    .plot .cats span{position:static;transform:none;white-space:normal;padding:0 4px;
    overflow-wrap:anywhere}
    .sq .plot{max-width:calc(var(--h) + var(--y) + var(--r,1.25rem))}
    .sq .xtitle{max-width:calc(var(--h) + 6ch)}
    .endlab{position:relative;grid-column:3;grid-row:1}
    .endlab span{left:.6em;transform:translateY(-50%)}
    .endlab .own,.pointlab span{color:var(--ink);font-weight:600}
    .pointlab{position:absolute;inset:0;pointer-events:none}
    .pointlab span{text-shadow:0 0 2px var(--paper),0 0 3px var(--paper),0 0 4px var(--paper)}
    .pointlab .m{transform:translate(-50%,-50%);color:var(--heat);font-weight:400;
    text-shadow:none}
    .pointlab .u{transform:translate(-50%,-100%);margin-top:-6px}
    .pointlab .d{transform:translate(-50%,0);margin-top:6px}
    .pointlab .u.l{transform:translate(0,-100%)}.pointlab .u.r{transform:translate(-100%,-100%)}
    .pointlab .d.l{transform:none}.pointlab .d.r{transform:translate(-100%,0)}
    .pointlab .b{transform:translateY(-50%);margin-left:5px;font-weight:400;color:var(--soft);
    background:var(--paper);padding:0 2px}
    .cross{position:absolute;top:0;bottom:0;width:0;border-left:1px solid var(--axis);
    pointer-events:none}
    .tip{position:fixed;z-index:2;padding:.35rem .6rem;white-space:pre;font-size:.75rem;
    line-height:1.45;background:var(--wash);color:var(--ink);border:1px solid var(--rule);
    border-radius:4px;pointer-events:none}
    .tip[hidden],.cross[hidden],.plot [hidden]{display:none}
    [role=button],th[tabindex]{cursor:pointer}
    [aria-pressed=false]{text-decoration:line-through}
    th[aria-sort=ascending]::after{content:" \\25B4"}
    th[aria-sort=descending]::after{content:" \\25BE"}
    .bandlab{position:absolute;left:0;right:0;top:5px}
    .bandlab span{transform:translateX(-50%)}
    .endlab i{font-style:normal}
    @container (max-width:560px){.plot .o{display:none}.plot{grid-template:var(--h) auto/var(--y)
    minmax(0,1fr) var(--q,var(--r,1.25rem))}}
    @container (max-width:919px){.plot .p{display:none}}
    .plot .up span{writing-mode:vertical-rl;justify-self:center;white-space:nowrap;padding:0}
    @container (max-width:560px){.plot .many span{writing-mode:vertical-rl;justify-self:center;
    white-space:nowrap;padding:0}}
    svg .v path{fill:#0000;stroke:none}
    .scroll{overflow:auto;margin:1rem 0;background:
    linear-gradient(90deg,var(--paper) 40%,#0000) 0 0/40px 100% no-repeat local,
    linear-gradient(270deg,var(--paper) 40%,#0000) 100% 0/40px 100% no-repeat local,
    linear-gradient(90deg,var(--shade),#0000) 0 0/14px 100% no-repeat scroll,
    linear-gradient(270deg,var(--shade),#0000) 100% 0/14px 100% no-repeat scroll}
    .tall{max-height:30rem;border-bottom:1px solid var(--rule)}
    .scroll:focus-visible{outline:2px solid var(--link);outline-offset:2px}
    table{border-collapse:collapse;font-size:.875rem;line-height:1.35;min-width:min(100%,24rem)}
    caption{text-align:left;font-weight:600;padding:0 0 .5rem;font-size:1rem;line-height:1.3}
    thead th{position:sticky;top:0;background:var(--paper);color:var(--soft);font-weight:500;
    vertical-align:bottom;box-shadow:inset 0 -1px var(--axis)}
    th,td{text-align:left;padding:.36rem .8rem .36rem 0;vertical-align:top}
    th:last-child,td:last-child{padding-right:.25rem}
    tbody th{font-weight:400}
    tbody tr{border-bottom:1px solid var(--rule)}
    .n,.scroll td,.scroll thead th{text-align:right}.n,.d,.scroll td,.scroll thead th{
    white-space:nowrap}
    .scroll .t,.scroll .d,.scroll .w{text-align:left}.scroll .t,.scroll .w{white-space:normal}
    .w{min-width:8rem;overflow-wrap:anywhere}
    .gain{color:var(--gain)}.loss{color:var(--loss)}
    th[title]{text-decoration:underline dotted var(--axis);text-underline-offset:.2em;cursor:help}
    .more{font-size:.8125rem;color:var(--soft);margin-top:-.5rem}
    details{margin:1rem 0;border-top:1px solid var(--rule);padding-top:.6rem}
    summary{cursor:pointer;font-weight:600}
    details caption{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
    dl{display:grid;grid-template-columns:clamp(7.6rem,28%,14rem) minmax(0,1fr);font-size:.9375rem;
    margin:1rem 0;max-width:56rem}
    dt,dd{margin:0;padding:.36rem 0;border-bottom:1px solid var(--rule)}
    dt{color:var(--soft);padding-right:.75rem}
    dd{overflow-wrap:anywhere}
    .heat{width:100%;margin:1.75rem 0;font-size:.8125rem;table-layout:fixed}
    .heat th,.heat td{text-align:center;padding:.42rem .1rem;border:1px solid var(--paper)}
    .heat tr{border:0}
    .heat td{color:var(--heat)}
    .heat tbody th,.heat thead th:first-child{text-align:left;font-weight:500}
    .heat td:last-child{font-weight:600}
    .heat td.loss{color:var(--loss)}
    .p1{background:var(--p1)}.p2{background:var(--p2)}.p3{background:var(--p3)}
    .p4{background:var(--p4)}.n1{background:var(--n1)}.n2{background:var(--n2)}
    .n3{background:var(--n3)}.n4{background:var(--n4)}
    @media (max-width:1320px){.scroll table{font-size:.8125rem}
    .scroll th,.scroll td{padding-right:.55rem}}
    @media (max-width:700px){.heat,.heat caption,.heat thead,.heat tbody{display:block}
    .heat tr{display:grid;padding:.2rem 0;
    grid-template-columns:2.6rem repeat(6,minmax(0,1fr)) 3.1rem;
    border-bottom:1px solid var(--rule)}
    .heat th:first-child,.heat th:last-child,.heat td:last-child{grid-row:1/3;align-self:center}
    .heat th:last-child,.heat td:last-child{grid-column:8}
    .heat thead th{position:static;box-shadow:none}
    .heat{font-size:.75rem}}
    .bars{width:100%;margin:1.75rem 0}
    .bars tr{border:0}
    .bars th{width:1%;white-space:nowrap;font-weight:400}
    .bars .n{width:1%}
    .bars i{display:block;height:.8em;margin-top:.28em;background:var(--c);min-width:1px}
    @media (max-width:560px){.bars th{white-space:normal;width:34%;overflow-wrap:anywhere}}
    @page{size:A4;margin:13mm 12mm}
    @media print{body{font-size:9pt;line-height:1.4}header,.page,footer{max-width:none;
    padding-left:0;padding-right:0}header{padding-top:0}nav{display:none}
    .page:has(nav){display:block}section{margin-top:1.2rem;padding-top:.9rem}
    h2{font-size:14pt}h3{margin-top:1rem}h2,h3,.summary,caption,figcaption,.legend,.ytitle,summary{
    break-after:avoid}
    p,li{orphans:3;widows:3}tr,.tiles,.notice,.heat,.bars,.keep,.plot,.summary{break-inside:avoid}
    details:not([open]),section:not(:has(>:not(h2,details:not([open])))){display:none}
    .columns{grid-template-columns:1fr 1fr;column-gap:1.5rem}
    .tiles{grid-template-columns:repeat(var(--w),minmax(0,1fr));margin-top:.8rem}
    .tile strong{font-size:14pt}.tile .caption,.tile .detail{font-size:7.5pt}
    figure{margin:.7rem 0 .9rem}.plot{grid-template-rows:calc(var(--h)*.6) auto;
    font-size:7pt}.legend,.ytitle,.xtitle,figcaption span{font-size:7.5pt}
    table{font-size:7.5pt}th,td{padding-top:.22rem;padding-bottom:.22rem}
    .heat{font-size:7.5pt}dl{font-size:8pt}
    .tall,.scroll{max-height:none;overflow:visible;background:none}thead th{position:static}
    .ka,.kd,.heat td,.bars i,.notice,svg{print-color-adjust:exact;
    -webkit-print-color-adjust:exact}
    svg .h,.tip,.cross{display:none}}
    """

  /// A chart in a separate file.
  static let image: StaticString = """
    svg{background:var(--paper);
    font:13px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;
    font-variant-numeric:tabular-nums lining-nums}
    text{fill:var(--soft);font-size:12px}
    .title{fill:var(--ink);font-size:17px;font-weight:600}
    .name,.subtitle{font-size:13px}
    .own{fill:var(--ink);font-weight:600}
    .inside{fill:var(--heat);text-anchor:middle}
    .end{text-anchor:end}
    .middle{text-anchor:middle}
    svg .key{stroke-width:2.5px}
    svg .area{fill:var(--c);stroke:var(--rule);stroke-width:1px}
    """
}
