import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { eras, type Era } from '../calls.ts';
import type { Results } from '../results.ts';
import { meanCpu } from './targets.ts';

interface Bar {
  readonly server: string;
  readonly cpu: number;
  readonly isOwn: boolean;
}

/** The mean over the numbers of connections, as the targets take it. */
function listBars({ circumstances, comparison }: Results, era: Era): Bar[] {
  const calls = comparison?.calls.filter((call) => call.era === era) ?? [];
  return [...new Set(calls.map(({ server }) => server))].map((name) => {
    const server = circumstances.servers[name] ?? name;
    return { server, cpu: Math.round(meanCpu(calls, name, era)), isOwn: server.startsWith('this server') };
  });
}

function describePanel(era: Era, bars: readonly Bar[], most: number) {
  const server = {
    field: 'server',
    type: 'nominal',
    title: null,
    sort: null,
    axis: { labelLimit: 0 },
  } as const;
  const cpu = {
    field: 'cpu',
    type: 'quantitative',
    title: null,
    scale: { domainMin: 0, domainMax: most * 1.1 },
  } as const;
  const color = {
    field: 'isOwn',
    type: 'nominal',
    legend: null,
    scale: { domain: [true, false], range: ['#0067b8', '#9aa4ad'] },
  } as const;
  return {
    title: { text: era, anchor: 'start' as const, frame: 'group' as const },
    width: 420,
    height: { step: 22 },
    data: { values: [...bars] },
    encoding: { y: server, x: cpu },
    layer: [
      { mark: 'bar' as const, encoding: { color } },
      {
        mark: { type: 'text' as const, align: 'left' as const, dx: 4 },
        encoding: { text: { field: 'cpu', type: 'quantitative' as const } },
      },
    ],
  };
}

function describeChart(results: Results): TopLevelSpec {
  const panels = eras.map((era) => ({ era, bars: listBars(results, era) }));
  const most = Math.max(...panels.flatMap(({ bars }) => bars.map(({ cpu }) => cpu)));
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: 'CPU of one tools/call, microseconds: less is better', anchor: 'start' },
    // Pages are dark, too.
    background: 'white',
    padding: 12,
    vconcat: panels.map(({ era, bars }) => describePanel(era, bars, most)),
  };
}

/** The chart of `tools/call add`, an SVG document. */
export async function drawChart(results: Results): Promise<string> {
  const view = new vega.View(vega.parse(compile(describeChart(results)).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}
