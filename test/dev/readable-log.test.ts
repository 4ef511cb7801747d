import { describe, expect, it } from '@jest/globals';
import { createReadableSink } from '../../dev/readable-log.ts';
import { createLog, type LogFields, type LogLevel } from '../../src/log.ts';

function format(event: string, fields: LogFields, level: LogLevel = 'warn'): string {
  const lines: string[] = [];
  createLog(
    createReadableSink(
      (line) => lines.push(line),
      () => 0,
    ),
    'debug',
  )(level, event, fields);
  expect(lines).toHaveLength(1);
  return (lines[0] ?? '').replace(/^\d\d:\d\d:\d\d /, '');
}

describe('the log of npm start', () => {
  it('tells a request in one line, the rest behind it', () => {
    const request = { requestId: 'r', route: '/mcp', method: 'POST', status: 200, ms: 1.5, tool: 'add' };
    expect(format('request', request, 'info')).toBe('info  POST /mcp 200 1.5 ms tool=add');
  });

  it.each(['warn', 'error'] as const)('names the request at %s, as the error body does', (level) => {
    const requestId = '01234567-89ab-4cde-8f01-23456789abcd';
    expect(format('storage_slow', { requestId, table: 'notes' }, level)).toMatch(
      /storage_slow table=notes requestId=01234567$/,
    );
  });

  it('tells any other event with its fields', () => {
    expect(format('auth_disabled', { setting: 'AUTH_REQUIRED' })).toBe(
      'warn  auth_disabled setting=AUTH_REQUIRED',
    );
  });

  it('cannot be made to break a line or to steer the terminal', () => {
    const text = 'a\r\nb\u001B[2J\u202Ec\u200B\u2028d';
    expect(format('request', { clientName: text })).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });

  it('cannot be made to tell of fields that are not there', () => {
    expect(format('audit', { client: 'x outcome=success', outcome: 'failure' })).toBe(
      'warn  audit client="x outcome=success" outcome=failure',
    );
  });
});
