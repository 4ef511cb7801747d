import { setTimeout as delay } from 'node:timers/promises';
import { keyNames, makeKey } from '../../dev/key-vault/make-key.ts';
import type { LocalKeyVault } from '../../dev/key-vault/server.ts';
import { dependencies } from '../support/fault-rows.ts';
import { faultsOf, type Proxies } from '../support/fault-proxies.ts';
import { networkFaults } from '../support/faults.ts';
import type { Cluster } from '../support/instances.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import type { Troubles } from './troubles.ts';

export interface ChaosOptions {
  readonly cluster: Cluster;
  readonly proxies: Proxies;
  readonly vault: LocalKeyVault;
  readonly ledger: Ledger;
  readonly troubles: Troubles;
  readonly random: Random;
}

/** Most new versions of a secret: the server knows five of each. */
const maxRotations = 3;

/** What goes wrong, one thing after the other. */
export interface Chaos {
  /** @param sparesFirst whether the first instance is to live on */
  strike(sparesFirst: boolean): Promise<void>;
}

export function createChaos(options: ChaosOptions): Chaos {
  const { cluster, proxies, vault, ledger, troubles, random } = options;
  const rotations = new Map<string, number>();

  async function kill(sparesFirst: boolean): Promise<void> {
    const victim = cluster.instances[sparesFirst ? 1 : random.oneOf([0, 1])] ?? cluster.instances[1];
    const end = troubles.begin('killed instance');
    await victim.kill();
    await cluster.revive();
    end();
    ledger.count('an instance killed', 'done');
  }

  function rotateKey(): void {
    const name = random.oneOf(keyNames);
    const times = (rotations.get(name) ?? 0) + 1;
    if (times > maxRotations) return;
    rotations.set(name, times);
    vault.set(name, makeKey(name));
    ledger.count(`a new ${name}`, 'done');
  }

  async function rotateEntra(): Promise<void> {
    const end = troubles.begin('new signing keys of Entra');
    const answer = await fetch(`${proxies.entra.authority}/dev/rotate-keys`, { method: 'POST' });
    end();
    ledger.count('new signing keys of Entra', String(answer.status));
  }

  async function fail(sparesFirst: boolean): Promise<void> {
    const [dependency, fault] = [random.oneOf(dependencies), random.oneOf(networkFaults)];
    const { begin, end } = faultsOf(proxies, dependency);
    const isOver = troubles.begin(dependency);
    await begin(fault);
    // One that starts now knows nothing.
    if (random.next() < 0.4) await kill(sparesFirst);
    await delay(random.between(1_000, 6_000));
    await end();
    isOver();
    ledger.count(`fault of ${dependency}`, fault);
  }

  async function loseAnswers(): Promise<void> {
    const end = troubles.begin('lost answers');
    cluster.balancer.losesAnswers = true;
    await delay(random.between(100, 800));
    cluster.balancer.losesAnswers = false;
    end();
    ledger.count('answers lost on their way', 'done');
  }

  return {
    async strike(sparesFirst) {
      const kinds = [
        [() => kill(sparesFirst), 2],
        [rotateKey, 1],
        [rotateEntra, 1],
        [() => fail(sparesFirst), 5],
        [loseAnswers, 2],
      ] as const;
      await random.pick<() => Promise<void> | void>(kinds)();
      await delay(random.between(500, 2_500));
    },
  };
}
