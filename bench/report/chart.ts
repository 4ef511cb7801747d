import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { eras } from '../calls.ts';
import type { Results } from './results.ts';

/** The mean over the numbers of connections, as the targets take it. */
function listBars({ circumstances, comparison }: Results) {
  const groups = Map.groupBy(comparison?.calls ?? [], ({ server, era }) => `${server} ${era ?? ''}`);
  return [...groups.values()].flatMap((calls) => {
    const [first] = calls;
    if (first === undefined) return [];
    const cpu = calls.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0) / calls.length;
    const { server, era } = first;
    const isOwn = circumstances.servers[server]?.startsWith('this server') === true;
    return { server: circumstances.servers[server] ?? server, era, cpu: Math.round(cpu), isOwn };
  });
}

function describeChart(results: Results): TopLevelSpec {
  const bars = listBars(results);
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: 'CPU of one tools/call, microseconds: less is better', anchor: 'start' },
    background: 'white',
    data: { values: bars },
    facet: {
      row: {
        field: 'era',
        type: 'nominal',
        title: null,
        sort: [...eras],
        header: { labelAngle: 0, labelAlign: 'left' },
      },
    },
    resolve: { scale: { y: 'independent' } },
    spec: {
      width: 420,
      height: { step: 22 },
      encoding: {
        y: { field: 'server', type: 'nominal', title: null, sort: null, axis: { labelLimit: 300 } },
        x: { field: 'cpu', type: 'quantitative', title: null },
      },
      layer: [
        {
          mark: 'bar',
          encoding: {
            color: {
              field: 'isOwn',
              type: 'nominal',
              legend: null,
              scale: { domain: [true, false], range: ['#0067b8', '#9aa4ad'] },
            },
          },
        },
        {
          mark: { type: 'text', align: 'left', dx: 4 },
          encoding: { text: { field: 'cpu', type: 'quantitative' } },
        },
      ],
    },
  };
}

/** The chart of `tools/call add`, an SVG document. */
export async function drawChart(results: Results): Promise<string> {
  const view = new vega.View(vega.parse(compile(describeChart(results)).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}
