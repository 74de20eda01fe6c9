/** Documents in the packages: every link leads to another one of them, or to the web. */
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';
import { shippedDocuments, withKnownLinks } from '../../package/documents.ts';

const documents = shippedDocuments();
const paths = documents.map(({ path }) => path);

it('include the pages that texts of the program and of the package name', () => {
  const named = ['docs/install.md', 'docs/modbus.md', 'docs/cloned-cards.md', 'systemd/README.md'];
  expect(paths).toEqual(expect.arrayContaining(named));
});

it('have no link to a file that is not among them', () => {
  const dead = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)\s#:]+)(?:#[^)]*)?\)/g)]
      .map(([, target = '']) => normalize(join(dirname(path), target)))
      .filter((target) => !paths.includes(target))
      .map((target) => `${path} leads to ${target}`),
  );
  expect(dead).toEqual([]);
});

it('keep the text of a link that leads nowhere, and links to the web and within a page', () => {
  const text = '[one](two.md#a) ![image](x.png) [gone](decisions/1.md) [web](https://a.example/) [here](#a)';
  expect(withKnownLinks('docs/one.md', text, ['docs/two.md'])).toBe(
    '[one](two.md#a) image gone [web](https://a.example/) [here](#a)',
  );
});
