import { createHttpBrowser, type HttpBrowser, type Visit } from '../../../dev/oauth-client/http-browser.ts';
import type {
  AuthorizationRequest,
  RawClient,
  Tokens,
  UserName,
} from '../../../dev/oauth-client/raw-oauth.ts';
import type { Cluster } from '../../support/instances.ts';

/** A registered client, under a name that only it has. Whether it is honest shows in what is done with it. */
export interface Client {
  readonly clientId: string;
  readonly name: string;
  readonly redirectUris: readonly [string, string];
}

/** A browser, and who is signed in at Entra in it. */
export interface Browser {
  readonly http: HttpBrowser;
  person: UserName | undefined;
  /** Sign-ins that it holds the cookie of, the oldest first. */
  readonly underWay: SignIn[];
}

/** What a client asks for: the link that it opens in a browser, and what it keeps to itself. */
export interface Asked extends AuthorizationRequest {
  readonly client: Client;
  readonly redirectUri: string;
}

/** A request that waits for somebody's decision, in every browser that shows its page. */
export interface Waiting {
  readonly asked: Asked;
  hasEnded: boolean;
}

export interface ConsentPage {
  readonly waiting: Waiting;
  readonly browser: Browser;
  readonly visit: Visit;
}

/** What Entra says of a sign-in: by whom it was done there, or that it was given up. */
export interface Answer {
  readonly callback: URL;
  readonly by: UserName | 'nobody';
}

/** An Allow, on its way through Entra. */
export interface SignIn {
  readonly waiting: Waiting;
  /** Where Allow was pressed. */
  readonly browser: Browser;
  readonly atEntra: URL;
  /** What the browser held before Allow was pressed, and the cookie that it was given then. */
  readonly cookiesBefore: ReadonlyMap<string, string>;
  readonly cookie: readonly [name: string, value: string];
  answer: Answer | undefined;
  /** Whether its callback was delivered where it belongs. */
  isTaken: boolean;
}

/** A refresh token, and the minute in which it was exchanged. */
export interface Generation extends Tokens {
  exchangedAt: number | undefined;
}

/** What came of a sign-in: consent to this client by this person. Times are minutes of the model. */
export interface Grant {
  readonly asked: Asked;
  readonly person: UserName;
  readonly code: string;
  readonly issuedAt: number;
  isRedeemed: boolean;
  endedAt: number | undefined;
  readonly generations: Generation[];
}

/** All that the parties know, and what follows from who consented to what in which browser. */
export interface Model {
  readonly clients: Client[];
  readonly browsers: readonly [Browser, ...Browser[]];
  readonly asked: Asked[];
  readonly pages: ConsentPage[];
  readonly signIns: SignIn[];
  readonly grants: Grant[];
  /** Of a browser: the client and redirect URI that it is not to ask about again. */
  readonly remembered: Map<Browser, Set<string>>;
  /** Minutes, and a second each, by which the instances' clocks were put forward. */
  minute: number;
}

/** The two instances, and how often what was seen to happen on them. */
export interface Real {
  readonly cluster: Cluster;
  readonly count: (what: string) => void;
}

export function createModel(clients: readonly Client[]): Model {
  const createBrowser = (): Browser => ({ http: createHttpBrowser(), person: undefined, underWay: [] });
  return {
    clients: [...clients],
    browsers: [createBrowser(), createBrowser(), createBrowser()],
    asked: [],
    pages: [],
    signIns: [],
    grants: [],
    remembered: new Map(),
    minute: 0,
  };
}

export function rememberedAs({ client, redirectUri }: Asked): string {
  return `${client.clientId} ${redirectUri}`;
}

/** Who asks, as the token endpoint knows it. */
export function ownerOf({ asked: { client, redirectUri } }: Grant): RawClient {
  return { clientId: client.clientId, redirectUri };
}

/** A code is good for 120 seconds: through one minute that is put forward, not through two. */
export function isCodeFresh({ issuedAt }: Grant, { minute }: Model): boolean {
  return minute - issuedAt <= 1;
}

/** The newest of the items for 0, so that what shrinks goes back the least. */
export function pick<T>(items: readonly T[], choice: number): T {
  const item = items.at(-1 - (choice % items.length));
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

/** Another of the items. Throws where there is none. */
export function pickOther<T>(items: readonly T[], than: T, choice: number): T {
  const others = items.filter((item) => item !== than);
  return pick(others, choice);
}
