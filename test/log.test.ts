import { describe, expect, it } from '@jest/globals';
import { createLog, describeCause, type LogLevel } from '../src/log.ts';

function collect(threshold: LogLevel) {
  const lines: string[] = [];
  const log = createLog((level, line) => void lines.push(`${level} ${line}`), threshold);
  return { log, lines };
}

describe('createLog', () => {
  it('writes one JSON object a line and leaves out what is undefined', () => {
    const { log, lines } = collect('info');
    log('info', 'request', { status: 200, tool: undefined, text: 'a\nb' });
    expect(lines).toEqual(['info {"level":"info","event":"request","status":200,"text":"a\\nb"}']);
  });

  it('writes nothing below its level', () => {
    const { log, lines } = collect('warn');
    log('debug', 'a');
    log('info', 'b');
    log('warn', 'c');
    log('error', 'd');
    expect(lines).toHaveLength(2);
  });

  it('cuts texts, some of which are of a stranger’s choosing', () => {
    const { log, lines } = collect('info');
    log('info', 'request', { detail: 'x'.repeat(100_000) });
    expect(lines[0]?.length).toBeLessThan(1_100);
  });
});

describe('describeCause', () => {
  it('tells names, codes and messages down the chain, without stacks', () => {
    const inner = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    expect(describeCause(new TypeError('fetch failed', { cause: inner }))).toBe(
      'TypeError: fetch failed <- Error ECONNREFUSED: refused',
    );
  });

  it('survives a chain that bites its tail, and things that are no errors', () => {
    const error = new Error('round');
    error.cause = error;
    expect(describeCause(error).split(' <- ')).toHaveLength(5);
    expect(describeCause({ secret: 'hunter2' })).toBe('object');
  });
});
