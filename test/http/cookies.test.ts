import { describe, expect, it } from '@jest/globals';
import { createCookies } from '../../src/http/cookies.ts';

const onHttps = createCookies({ publicBaseUrl: 'https://mcp.example.com' });
const onLoopback = createCookies({ publicBaseUrl: 'http://localhost:7071' });

function requestWith(cookie: string): Request {
  return new Request('https://mcp.example.com/', { headers: { Cookie: cookie } });
}

describe('cookies', () => {
  it('S10: are __Host-, Secure, HttpOnly and SameSite=Lax on https', () => {
    const jar = onHttps(requestWith(''));
    jar.set('mcp-browser', 'abc', 60);
    expect(jar.addTo(new Response()).headers.getSetCookie()).toEqual([
      '__Host-mcp-browser=abc; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax',
    ]);
  });

  it('S10: have their plain names on http, which is spoken on this machine only', () => {
    const jar = onLoopback(requestWith('mcp-browser=here'));
    expect(jar.get('mcp-browser')).toBe('here');
    jar.set('mcp-browser', 'abc', 60);
    expect(jar.addTo(new Response()).headers.getSetCookie()).toEqual([
      'mcp-browser=abc; Max-Age=60; Path=/; HttpOnly; SameSite=Lax',
    ]);
  });

  it('S10: without the prefix, which any sibling host could set, are not looked at on https', () => {
    const jar = onHttps(
      requestWith('mcp-a=planted; __Host-mcp-a=ours; mcp-b=planted; __Secure-mcp-b=planted'),
    );
    expect([jar.get('mcp-a'), jar.get('mcp-b')]).toEqual(['ours', undefined]);
    expect(jar.list('mcp-')).toEqual(['mcp-a']);
  });

  it('S10: never grow past what a browser keeps', () => {
    const jar = onHttps(requestWith(''));
    const room = 4_096 - '__Host-a'.length;
    jar.set('a', 'x'.repeat(room), 60);
    expect(() => jar.set('a', 'x'.repeat(room + 1), 60)).toThrow(RangeError);
    expect(() => jar.set('a', '"'.repeat(room / 3 + 1), 60)).toThrow(RangeError);
  });

  it('are removed with the attributes that they were set with', () => {
    const jar = onHttps(requestWith('__Host-a=1'));
    jar.remove('a');
    expect(jar.addTo(new Response()).headers.getSetCookie()).toEqual([
      '__Host-a=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax',
    ]);
  });

  it('leave status, headers and body of the answer alone, and say the last word on a name once', async () => {
    const jar = onHttps(requestWith(''));
    jar.set('a', '1', 60);
    jar.set('a', '2', 60);
    jar.set('b', '3', 60);
    const response = jar.addTo(new Response('body', { status: 202, headers: { 'X-Other': 'x' } }));
    expect([response.status, response.headers.get('x-other'), await response.text()]).toEqual([
      202,
      'x',
      'body',
    ]);
    expect(response.headers.getSetCookie().map((line) => line.split(';', 1)[0])).toEqual([
      '__Host-a=2',
      '__Host-b=3',
    ]);
  });

  it('take nothing from names that objects have anyway', () => {
    const jar = onLoopback(requestWith('__proto__=x; constructor=y'));
    expect([jar.get('toString'), jar.get('hasOwnProperty')]).toEqual([undefined, undefined]);
  });
});
