import fc, { type Arbitrary, type AsyncCommand } from 'fast-check';
import type { Model, Real } from './model.ts';

/** What is random about a step. */
export interface Choice {
  /** What the step is taken with, of all that it could be taken with. */
  readonly target: number;
  /** Whom or what else it involves. */
  readonly other: number;
  readonly variant: number;
  /** Which of the instances serve it; both take turns. */
  readonly servedBy: 'one' | 'other' | 'both';
}

/** Something that a party can do, and what has to come of it. */
export interface Step<T> {
  /** What it can be done with now. */
  readonly targets: (model: Model) => readonly T[];
  /** Does it to the target, expects what the model says, and takes it down in the model. */
  readonly run: (target: T, choice: Choice, model: Model, real: Real) => Promise<void>;
}

const choices: Arbitrary<Choice> = fc.record({
  target: fc.nat(9),
  other: fc.nat(9),
  variant: fc.nat(7),
  servedBy: fc.constantFrom('one', 'other', 'both'),
});

export type SignInCommand = AsyncCommand<Model, Real>;

/** The step as a command of fast-check. It counts under its name each time it is taken. */
export function toCommand<T>(name: string, { targets, run }: Step<T>): Arbitrary<SignInCommand> {
  return choices.map((choice) => ({
    check: (model) => targets(model).length > 0,
    async run(model, real) {
      const { balancer, instances } = real.cluster;
      const [one, other] = instances.map(({ port }) => port);
      const ports = { one: [one], other: [other], both: [one, other] }[choice.servedBy];
      balancer.targets = ports.filter((port) => port !== undefined);
      const all = targets(model);
      const target = all.at(-1 - (choice.target % all.length));
      if (target === undefined) return;
      await run(target, choice, model, real);
      real.count(name);
    },
    toString: () => `${name} ${choice.target}/${choice.other}/${choice.variant} by ${choice.servedBy}`,
  }));
}
