#if Program
/// What the statistics page is made of: one document, nothing fetched from elsewhere.
enum StatusPageTemplate {
    static let document = """
        {{%CONTENT_TYPE:\(StatusPage.contentType)}}<!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        {{#refresh}}<meta http-equiv="refresh" content="{{.}}">
        {{/refresh}}<title>{{node}}: {{summary}}</title>
        <style>
        \(style)
        </style>
        </head>
        <body>
        <header>
        <h1>{{node}}</h1>
        <p>lbctl {{version}} · up {{uptime}} · process {{process}}</p>
        {{#balancer}}<p class="balancer"><span class="state {{class}}">{{state}}</span> \
        balancer{{detail}}</p>
        {{/balancer}}</header>
        <main>
        {{#hasRouters}}<section>
        <h2>Virtual routers</h2>
        <div class="routers">
        {{#routers}}<article class="router {{class}}">
        <h3>{{name}} <span class="state {{class}}">{{state}}</span></h3>
        <p class="addresses">{{#addresses}}<code>{{.}}</code> {{/addresses}}</p>
        <dl>
        <div><dt>Priority</dt><dd>{{priority}}</dd></div>
        <div><dt>Since</dt><dd>{{since}}</dd></div>
        <div><dt>Active node</dt><dd>{{active}}</dd></div>
        <div><dt>Interface</dt><dd>{{interface}}</dd></div>
        <div><dt>VRID</dt><dd>{{vrid}}</dd></div>
        <div><dt>Interval</dt><dd>{{interval}}</dd></div>
        <div><dt>Sent / received</dt><dd>{{sent}} / {{received}}</dd></div>
        <div><dt>Became active</dt><dd>{{became}}</dd></div>
        {{#rejected}}<div><dt>Rejected: {{cause}}</dt><dd>{{count}}</dd></div>
        {{/rejected}}</dl>
        {{#hasPeers}}<ul class="trackers">
        {{#peers}}<li><span class="state {{class}}">{{address}}</span> <small>{{words}}</small></li>
        {{/peers}}</ul>
        {{/hasPeers}}\
        {{#hasTrackers}}<ul class="trackers">
        {{#trackers}}<li><span class="state {{class}}">{{result}}</span> {{name}} \
        <small>{{effect}}{{#detail}} · {{.}}{{/detail}}</small></li>
        {{/trackers}}</ul>
        {{/hasTrackers}}</article>
        {{/routers}}</div>
        </section>
        {{/hasRouters}}{{#proxies}}<section>
        <h2>{{name}} <small>{{#description}}{{.}} · {{/description}}{{mode}}{{#algorithm}} · {{.}}{{/algorithm}}\
        {{#addresses}} · <code>{{.}}</code>{{/addresses}}</small></h2>
        <div class="scroll"><table>
        <thead>
        <tr><th rowspan="2" scope="col">Name</th><th rowspan="2" scope="col">State</th>\
        <th rowspan="2" scope="col">Check</th><th rowspan="2" scope="col">Weight</th>\
        <th colspan="2">Queue</th><th colspan="4">Sessions</th><th colspan="2">Per second</th>\
        <th colspan="2">Bytes</th><th colspan="5">Errors</th><th colspan="3">Downs</th></tr>
        <tr><th scope="col">now</th><th scope="col">max</th>\
        <th scope="col">now</th><th scope="col">max</th><th scope="col">limit</th>\
        <th scope="col">total</th><th scope="col">now</th><th scope="col">max</th>\
        <th scope="col">in</th><th scope="col">out</th>\
        <th scope="col">connect</th><th scope="col">retried</th><th scope="col">moved</th>\
        <th scope="col">client</th><th scope="col">server</th>\
        <th scope="col">failed</th><th scope="col">downs</th><th scope="col">time</th></tr>
        </thead>
        <tbody>
        {{#rows}}<tr class="{{class}}{{#total}} total{{/total}}">
        <th scope="row" title="{{address}}">{{name}}{{#backup}} <small>backup</small>{{/backup}}</th>
        <td class="text"><span class="state {{class}}">{{state}}</span> <small>{{since}}</small></td>
        <td class="text{{^check}} blank{{/check}}" data-label="Check"{{#checkDetail}} \
        title="{{.}}"{{/checkDetail}}>{{check}}</td>
        {{#cells}}<td data-label="{{label}}"{{#exact}} title="{{.}}"{{/exact}}{{#blank}} \
        class="blank"{{/blank}}{{#alarm}} class="alarm"{{/alarm}}>{{text}}</td>
        {{/cells}}</tr>
        {{/rows}}</tbody>
        </table></div>{{#times}}
        <p class="times"><small>{{.}}</small></p>{{/times}}
        </section>
        {{/proxies}}{{^hasContent}}<p>Nothing is configured.</p>
        {{/hasContent}}</main>
        <footer>
        <p>{{time}} UTC · <a href="{{csv}}">CSV</a> · <a href="{{json}}">JSON</a> ·
        <a href="{{metrics}}">metrics</a></p>
        </footer>
        </body>
        </html>

        """

    private static let style = """
        :root { --paper: #fff; --ink: #1b1f24; --dim: #5d6670; --line: #d8dee4; --head: #f3f5f7;
          --up: #1a7f37; --warn: #9a6700; --down: #cf222e; --drain: #0969da; --maint: #8250df;
          --none: #6e7781; --tint: 12%; }
        @media (prefers-color-scheme: dark) {
          :root { --paper: #0d1117; --ink: #e6edf3; --dim: #9198a1; --line: #30363d;
            --head: #161b22; --up: #3fb950; --warn: #d29922; --down: #f85149; --drain: #58a6ff;
            --maint: #bc8cff; --none: #8b949e; --tint: 18%; } }
        * { box-sizing: border-box; }
        body { margin: 0; padding: 1rem clamp(.75rem, 2vw, 2rem); background: var(--paper);
          color: var(--ink); font: 14px/1.45 system-ui, sans-serif;
          font-variant-numeric: tabular-nums; }
        header { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; align-items: baseline; }
        h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .5rem; }
        h3 { font-size: 1rem; margin: 0 0 .3rem; }
        header p, footer p { margin: 0; color: var(--dim); }
        small { color: var(--dim); font-weight: normal; font-size: .86em; }
        code { font: .95em ui-monospace, monospace; } a { color: var(--drain); }
        .up { --hue: var(--up); } .goingDown, .goingUp, .waiting { --hue: var(--warn); }
        .down { --hue: var(--down); } .draining { --hue: var(--drain); }
        .maintenance { --hue: var(--maint); } .unchecked, .open { --hue: var(--none); }
        .state { display: inline-block; padding: 0 .5em; border-radius: 1em; white-space: nowrap;
          font-weight: 600; color: var(--hue); border: 1px solid var(--hue);
          background: color-mix(in srgb, var(--hue) var(--tint), transparent); }
        .routers { display: grid; gap: .8rem;
          grid-template-columns: repeat(auto-fill, minmax(min(21rem, 100%), 1fr)); }
        .router { border: 1px solid var(--line); border-left: 5px solid var(--hue);
          border-radius: 6px; padding: .7rem .9rem; }
        .router p { margin: 0 0 .5rem; } .router h3 .state { margin-left: .4em; }
        dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr));
          gap: .3rem .8rem; margin: 0; } dt { color: var(--dim); font-size: .86em; } dd { margin: 0; }
        .trackers { list-style: none; margin: .7rem 0 0; padding: .5rem 0 0;
          border-top: 1px solid var(--line); } .trackers li { padding: .1rem 0; }
        .scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
        table { border-collapse: collapse; width: 100%; font-size: 13px; }
        th, td { padding: .3rem .45rem; text-align: right; white-space: nowrap;
          border-top: 1px solid var(--line); }
        thead th { background: var(--head); color: var(--dim); font-weight: 600; font-size: .86em;
          border: 0; padding: .15rem .45rem; } thead tr:first-child th[colspan] {
          text-align: center; border-left: 1px solid var(--line); }
        thead th[rowspan], tbody th, .text { text-align: left; }
        tbody th { font-weight: 600; border-left: 5px solid var(--hue); position: sticky; left: 0;
          background: color-mix(in srgb, var(--hue) calc(var(--tint) / 2), var(--paper)); }
        tbody tr { background: color-mix(in srgb, var(--hue) calc(var(--tint) / 2), transparent); }
        tbody tr.total { border-top: 2px solid var(--line); }
        .alarm { color: var(--down); font-weight: 600; } .blank { color: var(--dim); }
        .times { margin: .3rem 0 0; } footer { margin-top: 1.6rem; }
        @media (max-width: 44rem) {
          .scroll { border: 0; overflow: visible; } table, tbody { display: block; }
          thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px;
            overflow: hidden; }
          tbody tr { display: grid; grid-template-columns: repeat(3, 1fr); gap: .3rem .6rem;
            border: 1px solid var(--line); border-left: 5px solid var(--hue); border-radius: 6px;
            padding: .5rem .7rem; margin-bottom: .6rem; }
          th, td { border: 0; padding: 0; text-align: left; } tbody th { border: 0; background: none; }
          tbody td.text:nth-child(2) { grid-column: span 2; }
          tbody td.blank { display: none; }
          td[data-label]::before { content: attr(data-label); display: block; color: var(--dim);
            font-size: .8em; font-weight: normal; } }
        """
}
#endif
