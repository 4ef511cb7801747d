import { isEventStream, whenStreamEnds } from '../streams.ts';
import type { EndpointRoute } from './endpoint.ts';

type Access = EndpointRoute['access'];

/** The requests that are answered at the same time. */
export interface Places {
  /** Whether there is none left for a request to a route of this access. */
  areTaken(access: Access): boolean;
  /** Answers in a place of its own, which is free again when the answer has ended, a stream with its last byte. */
  hold(access: Access, answer: () => Promise<Response>): Promise<Response>;
}

/**
 * @param most places, of which public routes get half: a body may take its time to arrive, and strangers who send slow
 *   ones must not keep out who has a token
 */
export function createPlaces(most: number): Places {
  const mostPublic = Math.ceil(most / 2);
  const taken = { public: 0, bearer: 0 };
  return {
    areTaken: (access) =>
      taken.public + taken.bearer >= most || (access === 'public' && taken.public >= mostPublic),
    async hold(access, answer) {
      function leave(): void {
        taken[access] -= 1;
      }
      taken[access] += 1;
      let streams = false;
      try {
        const response = await answer();
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
