import { describe, expect, it } from '@jest/globals';
import { AppError, describeError, type ErrorCode } from '../../src/errors.ts';
import { createErrorPage } from '../../src/http/error-page.ts';
import { createTestEndpoint, guardForTest } from '../support/guarded.ts';

function failWith(error: Error) {
  return guardForTest(createTestEndpoint({ errors: 'page', handle: () => Promise.reject(error) }));
}

describe('a failure told as a page', () => {
  it.each<[ErrorCode, string]>([
    ['sign_in_expired', 'This did not work'],
    ['wrong_browser', 'Not allowed'],
    ['rate_limited', 'Too many attempts'],
    ['storage_unavailable', 'Not available right now'],
    ['internal_error', 'Something went wrong here'],
  ])('says of %s what it is, what to do, and the id for the log', async (code, title) => {
    const { send, lines } = failWith(new AppError(code, { detail: 'only for the log' }));
    const response = await send();
    const { status, message, retryAfter } = describeError(code);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('retry-after')).toBe(retryAfter === undefined ? null : String(retryAfter));
    const page = await response.text();
    expect(page).toContain(`<h1>${title}</h1>`);
    expect(page).toContain(`<p class="lead">${message}</p>`);
    expect(page).toContain(`<code>${response.headers.get('x-request-id') ?? ''}</code>`);
    expect(page).not.toContain('only for the log');
    expect(lines.at(-1)).toMatchObject({ error: code, detail: 'only for the log' });
  });

  it('is framed by nobody, stored nowhere and posts nowhere', async () => {
    const { headers } = await failWith(new AppError('form_not_ours')).send();
    expect(headers.get('content-security-policy')).toMatch(/form-action 'none'; frame-ancestors 'none'$/);
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    });
  });

  it('tells nothing of an unexpected failure', async () => {
    const response = await failWith(new Error('password=hunter2')).send();
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('hunter2');
  });

  it('keeps markup in a detail inert', async () => {
    const page = await createErrorPage({
      status: 400,
      message: 'm',
      requestId: 'r',
      detail: '<script>x</script>',
    });
    expect(await page.text()).toContain('<code>&lt;script&gt;x&lt;/script&gt;</code>');
  });
});

describe('the guard, on what browsers go to', () => {
  const pages = createTestEndpoint({ origins: 'form', errors: 'page' });

  it.each([undefined, 'null', 'https://mcp.example.com'])('lets a form of Origin %s post', async (origin) => {
    const headers = origin === undefined ? {} : { Origin: origin };
    const response = await guardForTest(pages).send({ method: 'POST', headers });
    expect(response.status).toBe(200);
  });

  it.each(['https://evil.example', 'https://app.example.com'])(
    'refuses what a page of %s posts, listed or not, before the endpoint sees it',
    async (origin) => {
      let called = false;
      const handle = () => {
        called = true;
        return Response.json({});
      };
      const { send } = guardForTest({ ...pages, handle });
      const response = await send({ method: 'POST', headers: { Origin: origin } });
      expect([response.status, called]).toEqual([403, false]);
      expect(await response.text()).toContain(describeError('origin_not_allowed').message);
    },
  );

  it.each(['GET', 'POST', 'OPTIONS'])('lets no page read the answer to %s', async (method) => {
    const response = await guardForTest(pages).send({
      method,
      headers: { Origin: 'https://mcp.example.com' },
    });
    const names = [...response.headers.keys()];
    expect(names.filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });

  it('lets whoever links to it send people there', async () => {
    const response = await guardForTest(pages).send({ headers: { Origin: 'https://login.example' } });
    expect(response.status).toBe(200);
  });
});

describe('an endpoint’s own limit for bodies', () => {
  it.each([
    [16, 200],
    [17, 413],
  ])('is what holds where it is smaller: %i bytes give %i', async (size, status) => {
    const { send } = guardForTest(createTestEndpoint({ maxBodyBytes: 16 }));
    expect((await send({ method: 'POST', body: 'x'.repeat(size) })).status).toBe(status);
  });

  it('does not widen the server’s', async () => {
    const { send } = guardForTest(createTestEndpoint({ maxBodyBytes: 10_000 }));
    expect((await send({ method: 'POST', body: 'x'.repeat(1_025) })).status).toBe(413);
  });
});
