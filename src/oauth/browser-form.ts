import { AppError } from '../errors.ts';
import type { BrowserCookies, Browsers } from './browser.ts';
import type { CookieSigner } from './cookie-signer.ts';
import { isEqualInConstantTime } from './constant-time.ts';

/**
 * Proof that a form was shown in the browser that posts it. It holds for one browser and one subject and no longer than
 * the browser's cookie, so that every copy of the page that is open stays submittable.
 */
export interface BrowserForms {
  /** The value of a hidden field. @param subject what the form decides */
  issue(subject: string, cookies: BrowserCookies): Promise<string>;
  /**
   * The id of the browser.
   * @throws AppError `form_not_ours`
   */
  check(subject: string, form: PostedForm): Promise<string>;
}

export interface PostedForm {
  readonly field: string | undefined;
  readonly cookies: BrowserCookies;
  /** `Sec-Fetch-Site`: browsers that send it say where the form was. */
  readonly site: string | null;
}

const purpose = 'form';

export function createBrowserForms(browsers: Browsers, signer: CookieSigner): BrowserForms {
  return {
    async issue(subject, cookies) {
      return signer.sign(`${await browsers.identify(cookies)}.${subject}`, purpose);
    },
    async check(subject, { field, cookies, site }) {
      const browser = await browsers.recognize(cookies);
      const signed = field === undefined ? undefined : await signer.verify(field, purpose);
      const isFromHere = site === null || site === 'same-origin' || site === 'none';
      if (browser === undefined || signed === undefined || !isFromHere) throw new AppError('form_not_ours');
      if (!isEqualInConstantTime(signed, `${browser}.${subject}`)) throw new AppError('form_not_ours');
      return browser;
    },
  };
}
