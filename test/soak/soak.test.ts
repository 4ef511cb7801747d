import { describe, expect, it } from '@jest/globals';
import { runScript } from '../dev/local-stack.ts';
import { checkLog, checkTexts } from './checks.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createRandom } from './random.ts';
import { describeSoak } from './report.ts';
import { createTroubles } from './troubles.ts';

function noteDown(
  fates: Readonly<Record<string, 'saved' | 'deleted' | 'perhaps saved' | 'perhaps deleted'>>,
) {
  const ledger = createLedger();
  for (const [text, fate] of Object.entries(fates)) ledger.notes.set(text, { user: 'alice', fate });
  return ledger;
}

describe('the soak', () => {
  it('runs, kills, spoils and finds everything as it was told', async () => {
    const args = ['--minutes', '0.3', '--seed', '8'];
    const { code, stdout, stderr } = await runScript('test/soak/run.ts', args, {}).finished;
    // Of the output, what a person would look at first.
    expect([stdout.trim().split('\n\n').at(-1), stderr, code]).toEqual([
      'Nothing happened that must not.',
      '',
      0,
    ]);
    expect(stdout).toContain('0.3 minutes, seed 8');
    for (const action of ['save', 'remove', 'list', 'me', 'refresh', 'signIn', 'an instance killed'])
      expect(stdout).toMatch(new RegExp(`^\\| ${action} \\| \\d+ \\| .*\\d+ done`, 'm'));
    expect(stdout).toMatch(/^\| notes in the end \| \d+ \| .*\d+ saved/m);
    expect(stdout).toMatch(/^\| fault of /m);
    expect(stdout).toMatch(/grew by -?[\d.]+ MiB/);
  });

  it('refuses to run for hours, and what it does not know', async () => {
    for (const args of [
      ['--minutes', '31'],
      ['--hours', '1'],
    ]) {
      const { code, stderr } = await runScript('test/soak/run.ts', args, {}).finished;
      expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining('npm run soak')]);
      expect(code).not.toBe(0);
    }
  });
});

describe('what the soak looks for', () => {
  it.each<[string, Ledger, readonly string[], readonly unknown[]]>([
    [
      'a saved note is lost',
      noteDown({ a: 'saved', b: 'saved' }),
      ['a'],
      ['b was saved and is there 0 times'],
    ],
    [
      'a saved note is there twice',
      noteDown({ a: 'saved' }),
      ['a', 'a'],
      ['a is there 2 times', 'a was saved and is there 2 times'],
    ],
    [
      'one that may be saved is there twice',
      noteDown({ a: 'perhaps saved' }),
      ['a', 'a'],
      ['a is there 2 times'],
    ],
    ['a deleted note is there', noteDown({ a: 'deleted' }), ['a'], ['a was deleted and is there']],
    ['a note is there that nobody wrote', noteDown({}), ['a'], ['a is there and nobody wrote it']],
    [
      'all is well',
      noteDown({ a: 'saved', b: 'deleted', c: 'perhaps saved', d: 'perhaps deleted' }),
      ['a', 'd'],
      [],
    ],
  ])('is whether %s', (_description, ledger, texts, violations) => {
    checkTexts(ledger, 'alice', texts);
    expect(ledger.violations).toEqual(violations);
  });

  it('is whether somebody has another’s note', () => {
    const ledger = noteDown({ a: 'saved' });
    checkTexts(ledger, 'bob', ['a']);
    expect(ledger.violations).toEqual(['a is among the notes of bob']);
    expect(describeSoak(ledger, [])).toContain('1 times something happened that must not:\n- a is among');
  });

  it('is told with how often each thing came to what', () => {
    const ledger = createLedger();
    for (const outcome of ['no answer', 'done', 'done']) ledger.count('save', outcome);
    ledger.remark('It grew by 1 MiB.');
    const told = describeSoak(ledger, ['1 minute']).split('\n');
    expect(told.slice(0, 2)).toEqual(['1 minute', 'It grew by 1 MiB.']);
    expect(told).toContain('| save | 3 | 2 done, 1 no answer |');
    expect(told.at(-1)).toBe('Nothing happened that must not.');
  });

  it('is a mistake in the log', () => {
    const ledger = createLedger();
    checkLog(ledger, '{"event":"request","error":"storage_unavailable"}\n{"event":"unexpected_failure"}\n');
    expect(ledger.violations).toEqual(['in the log: {"event":"unexpected_failure"}']);
  });

  it('is a failure that nothing explains: of another dependency, long after, or of no kind that there is', () => {
    let now = 0;
    const troubles = createTroubles(() => now);
    expect(troubles.explain('storage_unavailable', 0)).toBe(false);
    const end = troubles.begin('Table Storage');
    now = 5_000;
    expect(troubles.explain('storage_unavailable', 4_000)).toBe(true);
    expect(troubles.explain('secrets_unavailable', 4_000)).toBe(false);
    expect(troubles.explain('invalid_token', 4_000)).toBe(false);
    end();
    expect(troubles.explain('storage_unavailable', 15_000)).toBe(true);
    expect(troubles.explain('storage_unavailable', 15_001)).toBe(false);
    expect(troubles.explain('done', 15_001)).toBe(true);
  });
});

describe('the numbers of the soak', () => {
  it('are the same for the same seed, and choose by weight', () => {
    const draw = (seed: number) => {
      const random = createRandom(seed);
      return Array.from({ length: 1_000 }, () =>
        random.pick([
          ['a', 9],
          ['b', 1],
        ] as const),
      );
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    const share = draw(1).filter((choice) => choice === 'b').length;
    expect(share).toBeGreaterThan(60);
    expect(share).toBeLessThan(140);
  });
});
