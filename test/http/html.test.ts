import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { html } from 'hono/html';
import { createPage, type Html } from '../../src/http/html.ts';

async function renderBody(body: Html): Promise<string> {
  const page = await (await createPage({ title: 'Title', body })).text();
  return /<body>\s*(.*?)\s*<\/body>/s.exec(page)?.[1] ?? '';
}

describe('markup', () => {
  it('escapes what is put between tags', async () => {
    const name = `<script>alert('1')</script> & "more"`;
    expect(await renderBody(html`<p>${name}</p>`)).toBe(
      '<p>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;more&quot;</p>',
    );
  });

  it('escapes what is put into attributes, so that it cannot close them', async () => {
    const value = `" onfocus="alert(1)' autofocus x='`;
    expect(await renderBody(html`<input value="${value}" />`)).toBe(
      '<input value="&quot; onfocus=&quot;alert(1)&#39; autofocus x=&#39;" />',
    );
  });

  it('keeps markup within markup, and joins lists of it', async () => {
    const items = ['<a>', 'b'].map((item) => html`<li>${item}</li>`);
    expect(
      await renderBody(
        html`<ul>
          ${items}
        </ul>`,
      ),
    ).toMatch(/^<ul>\s*<li>&lt;a&gt;<\/li><li>b<\/li>\s*<\/ul>$/);
  });

  it('escapes the members of a list that are not markup', async () => {
    expect(await renderBody(html`<p>${['<', ['>']]}</p>`)).toBe('<p>&lt;&gt;</p>');
  });

  it('renders nothing for null, undefined and false, and numbers as they are', async () => {
    expect(await renderBody(html`<p>${null}${undefined}${false}${0}</p>`)).toBe('<p>0</p>');
  });

  it('does not take an object from outside for markup', async () => {
    const fromJson: unknown = JSON.parse('{"isEscaped":true,"value":"<script>"}');
    expect(await renderBody(html`<p>${fromJson}</p>`)).toBe('<p>[object Object]</p>');
  });
});

describe('a page', () => {
  it('escapes its title', async () => {
    const page = await (await createPage({ title: '</title><script>', body: html`` })).text();
    expect(page).toContain('<title>&lt;/title&gt;&lt;script&gt;</title>');
  });

  it('names its language, its encoding and its width', async () => {
    const response = await createPage({ title: 'Title', body: html`` });
    const page = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page).toMatch(/^<!doctype html>\s*<html lang="en">\s*<head>\s*<meta charset="utf-8" \/>/);
    expect(page).toContain('<meta name="viewport" content="width=device-width, initial-scale=1" />');
  });

  it('allows its own style by hash, and nothing else', async () => {
    const response = await createPage({ title: 'Title', body: html`` });
    const style = /<style>(.*)<\/style>/s.exec(await response.text())?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(response.headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
  });

  it('lets its forms lead where it is told, and nowhere else', async () => {
    const formAction = ["'self'", 'cursor:'];
    const response = await createPage({ title: 'Title', body: html``, formAction });
    expect(response.headers.get('content-security-policy')).toContain("; form-action 'self' cursor:; ");
  });

  it('takes another status, and other resources in the place of the house style', async () => {
    const resources = { head: html`<link rel="stylesheet" href="/x.css" />`, policy: ["style-src 'self'"] };
    const response = await createPage({ title: 'Title', body: html``, status: 404, resources });
    expect(response.status).toBe(404);
    expect(response.headers.get('content-security-policy')).toContain("style-src 'self';");
    const page = await response.text();
    expect(page).toContain('<link rel="stylesheet" href="/x.css" />');
    expect(page).not.toContain('<style>');
  });
});
