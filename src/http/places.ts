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
      let response: Response;
      try {
        response = await answer();
      } catch (error) {
        leave();
        throw error;
      }
      // What asks for the body of an answer makes the local host build a stream for it.
      if (isEventStream(response.headers) && response.body !== null)
        return new Response(whenStreamEnds(response.body, leave), response);
      leave();
      return response;
    },
  };
}
