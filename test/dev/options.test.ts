import { describe, expect, it } from '@jest/globals';
import { readOptions } from '../../dev/options.ts';

const defaults = { fresh: false, https: false, host: true, help: false };

describe('the options of npm start', () => {
  it.each([
    [[], {}],
    [['--fresh', '--https'], { fresh: true, https: true }],
    [['--no-host'], { host: false }],
    [['-h'], { help: true }],
  ])('are read from %j', (args, changes) => {
    expect(readOptions(args, {})).toEqual({ ...defaults, ...changes });
  });

  it.each([
    ['npm_config_fresh', 'true', '--fresh'],
    ['npm_config_https', 'true', '--https'],
    ['npm_config_host', '', '--no-host'],
  ])('are missed where npm took them: %s', (name, value, option) => {
    expect(() => readOptions([], { [name]: value })).toThrow(
      `npm kept ${option} for itself. Say: npm start -- ${option}`,
    );
  });

  it('cannot ask for HTTPS without a host', () => {
    expect(() => readOptions(['--https', '--no-host'], {})).toThrow(/--https .* --no-host/);
  });
});
