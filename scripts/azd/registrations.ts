import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { describeFailure, Failure } from '../../dev/failure.ts';
import type { RestApi } from './rest-api.ts';

const registrationSchema = z.object({ id: z.string() });

/** Unique names of what infra/app/entra.bicep makes for an environment. */
export function registrationNames(environmentName: string, subscriptionId: string): string[] {
  const name = `entra-mcp-${environmentName}-${subscriptionId.slice(0, 8)}`;
  return ['api', 'proxy', 'smoke'].map((suffix) => `${name}-${suffix}`);
}

/**
 * Throws Failure while the environment's resource group is there: `azd down` was called off, or left it alone, and a
 * server without its registrations lets nobody in.
 */
export async function refuseWhileDeployed(
  manager: RestApi,
  environmentName: string,
  subscriptionId: string,
): Promise<void> {
  const group = `rg-${environmentName}`;
  const path = `/subscriptions/${encodeURIComponent(subscriptionId)}/resourcegroups/${encodeURIComponent(group)}`;
  if ((await manager.send('GET', `${path}?api-version=2024-03-01`)) === undefined) return;
  throw new Failure(`The resource group ${group} is still there: no registration is removed`);
}

/** What is deleted can be purged once the directory has it among its deleted items, which takes seconds. */
async function purge(graph: RestApi, id: string, pauseMs: number): Promise<void> {
  const path = `/v1.0/directory/deletedItems/${id}`;
  for (let attempt = 0; attempt < 15; attempt += 1) {
    if ((await graph.send('GET', path)) !== undefined) {
      await graph.send('DELETE', path);
      return;
    }
    await sleep(pauseMs);
  }
  throw new Failure(
    `${id} is deleted, but cannot be purged yet: delete it for good in the Entra admin center, App registrations, Deleted applications`,
  );
}

async function remove(graph: RestApi, name: string, pauseMs: number): Promise<'removed' | 'is not there'> {
  const key = encodeURIComponent(name.replaceAll("'", "''"));
  const found = await graph.send('GET', `/v1.0/applications(uniqueName='${key}')?$select=id`);
  if (found === undefined) return 'is not there';
  const { id } = registrationSchema.parse(found);
  await graph.send('DELETE', `/v1.0/applications/${id}`);
  await purge(graph, id, pauseMs);
  return 'removed';
}

/**
 * Removes registrations for good: one that is only deleted keeps its unique name for 30 days, and the next `azd up`
 * would find it taken. Those that are not there are passed over. Throws Failure with all that stay, once the others are
 * gone.
 */
export async function removeRegistrations(
  graph: RestApi,
  names: readonly string[],
  tell: (line: string) => void,
  pauseMs = 2_000,
): Promise<void> {
  const failures: string[] = [];
  for (const name of names) {
    try {
      tell(`${name}: ${await remove(graph, name, pauseMs)}`);
    } catch (error) {
      failures.push(`${name}: ${describeFailure(error)}`);
    }
  }
  if (failures.length > 0) throw new Failure(failures.join('; '));
}
