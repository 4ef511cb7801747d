import { AppError } from '../errors.ts';
import { isEventStream, whenStreamEnds } from '../streams.ts';
import type { EndpointRoute } from './endpoint.ts';

type Access = EndpointRoute['access'];

/** Where one request is answered. */
export interface Place {
  /** Says, once, whose request it is. @throws AppError `too_many_at_once` when a quarter of all places are this caller's */
  claim(caller: string): void;
}

/** The requests that are answered at the same time. */
export interface Places {
  /** Whether there is none left for a request to a route of this access. */
  areTaken(access: Access): boolean;
  /** Answers in a place of its own, which is free again when the answer has ended, a stream with its last byte. */
  hold(access: Access, answer: (place: Place) => Promise<Response>): Promise<Response>;
}

/** Counts places by whose they are; who has none is forgotten. */
function createClaims(most: number) {
  const held = new Map<string, number>();
  return {
    take(caller: string): void {
      const count = held.get(caller) ?? 0;
      if (count >= most) throw new AppError('too_many_at_once');
      held.set(caller, count + 1);
    },
    giveBack(caller: string): void {
      const count = held.get(caller) ?? 0;
      if (count > 1) held.set(caller, count - 1);
      else held.delete(caller);
    },
  };
}

/**
 * @param most places, of which public routes get half, and no caller more than a quarter: a body may take its time to
 *   arrive, and neither strangers nor one who has a token may keep out everybody else with slow ones
 */
export function createPlaces(most: number): Places {
  const half = Math.ceil(most / 2);
  const taken = { public: 0, bearer: 0 };
  const claims = createClaims(Math.ceil(most / 4));
  return {
    areTaken: (access) =>
      taken.public + taken.bearer >= most || (access === 'public' && taken.public >= half),
    async hold(access, answer) {
      let holder: string | undefined;
      let hasLeft = false;
      function leave(): void {
        if (hasLeft) return;
        hasLeft = true;
        taken[access] -= 1;
        if (holder !== undefined) claims.giveBack(holder);
      }
      function claim(caller: string): void {
        claims.take(caller);
        holder = caller;
      }
      taken[access] += 1;
      let streams = false;
      try {
        const response = await answer({ claim });
        // Only then its body: what asks for that makes the local host build a stream.
        if (!isEventStream(response.headers) || response.body === null) return response;
        const held = new Response(whenStreamEnds(response.body, leave), response);
        streams = true;
        return held;
      } finally {
        if (!streams) leave();
      }
    },
  };
}
