import { describe, expect, it } from '@jest/globals';
import { echoEndpoint } from '../../src/endpoints/echo.ts';
import { guardForTest } from '../support/guarded.ts';

const { send } = guardForTest(echoEndpoint);

function post(
  body: string,
  headers: Record<string, string> = { 'Content-Type': 'application/json; charset=utf-8' },
) {
  return send({ method: 'POST', body, headers: { Authorization: 'Bearer good', ...headers } });
}

describe('POST /echo', () => {
  it.each(['{"a":[1,null,"ü🗒"]}', '"text"', 'null'])('echoes %s', async (body) => {
    const response = await post(body);
    expect(await response.text()).toBe(`{"echo":${body}}`);
  });

  it('echoes what JavaScript could not hold: deep nesting, large numbers', async () => {
    const deep = `${'['.repeat(400)}${']'.repeat(400)}`;
    for (const body of [deep, '12345678901234567890']) {
      expect(await (await post(body)).text()).toBe(`{"echo":${body}}`);
    }
  });

  it('quotes no body in the log', async () => {
    const { send: sendLogged, lines } = guardForTest(echoEndpoint);
    const headers = { Authorization: 'Bearer good', 'Content-Type': 'application/json' };
    await sendLogged({ method: 'POST', body: 'hunter2', headers });
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });

  it('refuses what is not JSON, or does not say that it is', async () => {
    expect(await (await post('{')).json()).toMatchObject({ error: 'invalid_request', code: 'invalid_json' });
    expect((await post('{}', { 'Content-Type': 'application/x-www-form-urlencoded' })).status).toBe(415);
  });
});
