/** Numbers that are the same for the same seed. */
export interface Random {
  /** From 0 up to, and without, 1. */
  next(): number;
  /** One of them, each as likely as its weight. */
  pick<T>(choices: readonly (readonly [T, number])[]): T;
  oneOf<T>(choices: readonly T[]): T;
  /** Milliseconds between the two. */
  between(least: number, most: number): number;
}

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
  function pick<T>(choices: readonly (readonly [T, number])[]): T {
    let left = next() * choices.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [choice, weight] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    throw new RangeError('nothing to choose from');
  }
  return {
    next,
    pick,
    oneOf: (choices) => pick(choices.map((choice) => [choice, 1])),
    between: (least, most) => least + next() * (most - least),
  };
}
