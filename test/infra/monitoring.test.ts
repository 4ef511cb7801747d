import { describe, expect, it } from '@jest/globals';
import { errorCodes } from '../../src/errors.ts';
import { createRawMcp } from '../support/raw-mcp.ts';
import { startServer } from '../support/server.ts';
import { userToken } from '../support/tokens.ts';
import { descendants, nameOf, parseBicep, readInfra } from './bicep.ts';

const alerts = parseBicep('app/alerts.bicep');
const queries = readInfra('app/alerts.bicep') + readInfra('app/workbook.json');

/** Every member of a line of the log that the queries read. */
const read = [...new Set([...queries.matchAll(/line\.(\w+)/g)].map(([, name]) => name ?? ''))];

/** Members of the lines that a call of a tool and a refusal leave behind. */
async function logSomething(): Promise<Set<string>> {
  const server = await startServer();
  for (const token of [await userToken('alice'), 'malformed']) {
    const mcp = createRawMcp(server.mcpUrl, token);
    await mcp.modern('tools/call', { name: 'add', arguments: { a: 1, b: 2 } });
  }
  await server.stop();
  return new Set(server.lines.flatMap((line) => Object.keys(line)));
}

describe('the alerts and the workbook', () => {
  it('read what the server logs', async () => {
    const logged = await logSomething();
    // What only a failing dependency has to tell.
    const rare = ['cause', 'detail'];
    expect(read).toEqual(expect.arrayContaining(['status', 'error', ...rare]));
    expect(read.filter((name) => !logged.has(name) && !rare.includes(name))).toEqual([]);
  });

  it('know the server’s own codes only', () => {
    const list = /tostring\(line\.error\) in \(([^)]+)\)/.exec(queries)?.[1] ?? '';
    const codes = [...list.matchAll(/"(\w+)"/g)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(0);
    expect(codes.filter((code) => !errorCodes.some((known) => known === code))).toEqual([]);
  });

  it('count what was sampled away too', () => {
    expect(queries).not.toMatch(/\bcount(if)?\(/);
    expect(queries.match(/sum(if)?\(ItemCount/g)?.length).toBeGreaterThanOrEqual(8);
    const measures = [...alerts.text.matchAll(/^ {4}measure: '(\w+)'/gm)].map(([, name]) => name);
    expect(measures).toEqual(['failed', 'ItemCount', 'ItemCount']);
    const [rule] = /metricMeasureColumn: .*\s+timeAggregation: .*/.exec(alerts.text) ?? [];
    expect(rule).toMatch(/^metricMeasureColumn: alert\.measure\s+timeAggregation: 'Total'$/);
  });

  // That such a line has status 303 and an error: test/endpoints/callback.test.ts.
  it('see the failures of sign-ins that reach a client as a redirect', () => {
    const query = /name: 'sign-in-failures'[\s\S]*?query: '(.*)'/.exec(alerts.text)?.[1];
    expect(query).toContain('startswith "/auth/"');
    expect(query).toContain('(toint(line.status) >= 400 or isnotempty(tostring(line.error)))');
  });

  it('are one for each thing that somebody should look at', () => {
    const names = [...alerts.text.matchAll(/^ {4}name: '([\w-]+)'/gm)].map(([, name]) => name);
    expect(names).toEqual([
      'server-errors',
      'sign-in-broken',
      'sign-in-failures',
      'vault-throttling',
      'table-throttling',
    ]);
    const resources = descendants(alerts, 'resource_declaration').map(nameOf);
    expect(resources).toEqual(['actionGroup', 'logRules', 'metricRules', 'availability', 'availabilityRule']);
    expect(readInfra('app/alerts.bicep')).toContain("RequestUrl: '${publicBaseUrl}/healthz'");
  });
});
